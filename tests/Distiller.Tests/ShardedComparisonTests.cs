// A comparison in shards: whoever does which run, the tables are those of one process.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Comparison;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class ShardedComparisonTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Shares_and_a_finish_give_the_tables_of_one_process()
    {
        using TempFolder folder = new();
        ComparisonRun.Execute(Comparison(folder["whole"]), cancel: Token);
        ComparisonOptions options = Comparison(folder["c"]);

        ShardSummary second = Share(options, 1, 3);
        Assert.Equal((4, 1, 30L, 1), (second.Shards, second.Done, second.Rows, second.Finished));
        ShardException missing = Assert.Throws<ShardException>(() => Finish(options));
        Assert.Equal(ShardProblem.Missing, missing.Problem);
        Assert.Contains("3 of 4 runs are missing: kd/0, kd/1, labels/1;", missing.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["c/results.csv"]));
        Assert.Equal(2, Share(options, 0, 3).Done);
        Assert.Equal(4, Share(options, 2, 3).Finished);
        Assert.Equal(0, Share(options, 0, 1).Done);

        ComparisonSummary summary = Finish(options);
        Assert.Equal((4, 0), (summary.Runs, summary.Elsewhere));
        Same(folder);
        Assert.False(Directory.Exists(folder["c.parts"]));
        // A late process makes no plan where nothing is left to do.
        Assert.Equal((0, 4), (Share(options, 0, 1) is var late ? late.Done : -1, late.Finished));
        Assert.False(Directory.Exists(folder["c.parts"]));
    }

    [Fact]
    public void A_run_that_was_stopped_goes_on_in_another_process_and_one_process_finishes_what_shares_began()
    {
        using TempFolder folder = new();
        ComparisonRun.Execute(Comparison(folder["whole"]), cancel: Token);
        ComparisonOptions options = Comparison(folder["c"]);
        // A machine's trouble and a stopped process do not count against the run.
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            new ShardedComparison(options).Work(ShardShare.All, false, new OnStep("kd/0 train", 10, stop.Cancel), stop.Token)
        );
        Assert.Throws<IOException>(() =>
            new ShardedComparison(options).Work(
                ShardShare.All,
                false,
                new OnStep("kd/0 train", 20, () => throw new IOException("No space left on device")),
                Token
            )
        );
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["c.parts/attempts"]));
        Assert.Equal([0, 1, 2, 3], new ShardedComparison(options).Look().Missing);

        Share(options, 0, 2);
        Assert.True(File.ReadAllText(folder["c/kd/seed-0.json"]).Contains("\"resumed_from\": 14", StringComparison.Ordinal));
        ComparisonSummary summary = ComparisonRun.Execute(options, cancel: Token);
        Assert.Equal((4, 2), (summary.Runs, summary.Kept));
        Same(folder);
        Assert.False(Directory.Exists(folder["c.parts"]));
    }

    [Fact]
    public void A_run_in_other_hands_is_left_there_and_done_once()
    {
        using TempFolder folder = new();
        ComparisonRun.Execute(Comparison(folder["whole"]), cancel: Token);
        ComparisonOptions options = Comparison(folder["c"]);
        ShardSummary? other = null;
        List<string> notes = [];
        ShardOutcome? outcome = null;
        ShardSummary first = new ShardedComparison(options).Work(new ShardShare(0, 2), false, new OnStep("kd/0 train", 10, () =>
            {
                other ??= new ShardedComparison(options, notes.Add).Work(ShardShare.All, false, null, Token);
                outcome ??= new ShardedComparison(options).One(0, null, Token);
            }), Token);
        Assert.Equal((3, 3), (other!.Done, other.Finished));
        Assert.Equal("kd/0 is in the hands of another process", Assert.Single(notes));
        Assert.Equal(ShardOutcome.Held, outcome);
        Assert.Equal((1, 4), (first.Done, first.Finished));
        Finish(options);
        Same(folder);
    }

    [Fact]
    public void Runs_that_fail_or_kill_their_process_hold_up_no_other_are_named_and_mended_give_the_tables()
    {
        using TempFolder folder = new();
        ComparisonRun.Execute(Comparison(folder["whole"]), cancel: Token);
        ComparisonOptions options = Comparison(folder["c"]);
        ShardedComparison comparison = new(options);
        comparison.Plan();
        // The first run's folder is no run's; the third one lost three processes.
        Directory.CreateDirectory(folder["c/kd/seed-0"]);
        File.WriteAllText(folder["c/kd/seed-0/mine.txt"], "mine");
        for (int time = 0; time < ShardAttempts.Most; time++)
        {
            string attempt = Directory.CreateDirectory(folder[$"c.parts/attempts/00000002.{Guid.NewGuid():N}"]).FullName;
            ShardJson.Write(Path.Combine(attempt, ShardAttempt.StartedName), new Started("gone", 1, "1", DateTime.UnixEpoch));
        }
        Assert.Equal([2], comparison.Look().Failed);

        ShardSummary summary = Share(options, 0, 1);
        Assert.Equal((2, 2), (summary.Done, summary.Finished));
        Assert.Equal([0, 2], summary.Failed);
        ShardStanding standing = comparison.Look();
        Assert.Empty(standing.Missing);
        Assert.Equal([0, 2], standing.Failed);
        Assert.Equal(60, standing.Rows);
        ShardException failed = Assert.Throws<ShardException>(() => Finish(options));
        Assert.Equal(ShardProblem.Failed, failed.Problem);
        Assert.Contains("2 of 4 runs failed: kd/0, kd/1; kd/0: ", failed.Message, StringComparison.Ordinal);
        Assert.Contains("\"run\": \"kd/1\"", File.ReadAllText(folder["c.parts/failed.json"]), StringComparison.Ordinal);
        Assert.False(File.Exists(folder["c/results.csv"]));

        File.Delete(folder["c/kd/seed-0/mine.txt"]);
        Assert.Equal([0, 2], Share(options, 0, 1).Failed);
        Assert.Equal(4, comparison.Work(ShardShare.All, retryFailed: true, null, Token).Finished);
        Finish(options);
        Same(folder);
        Assert.False(Directory.Exists(folder["c.parts"]));
    }

    [Fact]
    public void Processes_of_other_recipes_threads_or_instructions_than_the_plans_are_refused()
    {
        using TempFolder folder = new();
        ComparisonOptions options = Comparison(folder["c"]);
        new ShardedComparison(options).Plan();
        string plan = File.ReadAllText(folder["c.parts/plan.json"]);

        Refused(options with { Seeds = [0, 1, 2] }, "its seeds are 0, 1 and this process's 0, 1, 2");
        Refused(options with { Baseline = "labels" }, "its baseline is kd");
        Refused(options with { Recipes = [options.Recipes[0]] }, "its recipes are kd, labels and this process's kd");
        Refused(options with { TestSets = [new TestSet("other", world.Images)] }, "its test sets are all");
        Refused(options with { Numerics = NumericProfile.Avx2 }, "is for --numerics native");
        Refused(
            options with
            {
                Recipes = [options.Recipes[0] with { Options = world.Distill("-") with { BatchSize = 8 } }, options.Recipes[1]],
            },
            "recipe 'kd' has batch-size '16' there and '8' here"
        );
        int threads = torch.get_num_threads();
        torch.set_num_threads(threads + 1);
        try
        {
            Refused(options, $"is for --threads {threads} and this process has {threads + 1}");
        }
        finally
        {
            torch.set_num_threads(threads);
        }
        File.WriteAllText(folder["c.parts/plan.json"], plan.Replace("\"version\": \"", "\"version\": \"0.", StringComparison.Ordinal));
        Refused(options, "was made by version 0.");
        File.WriteAllText(folder["c.parts/plan.json"], "{}");
        Refused(options, "cannot be read as the plan of a comparison");
        Assert.False(Directory.Exists(folder["c"]));

        static void Refused(ComparisonOptions asked, string what) =>
            Assert.Contains(
                what,
                Assert.Throws<DistillException>(() => new ShardedComparison(asked).Work(ShardShare.All, false, null, Token)).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Files_that_no_comparison_wrote_are_not_taken_for_a_plans_and_stay()
    {
        using TempFolder folder = new();
        ComparisonOptions options = Comparison(folder["c"]);
        Directory.CreateDirectory(folder["c.parts"]);
        File.WriteAllText(folder["c.parts/mine.txt"], "mine");
        Assert.Contains(
            "mine.txt is in the way",
            Assert.Throws<DistillException>(() => new ShardedComparison(options).Plan()).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(["mine.txt"], Directory.EnumerateFileSystemEntries(folder["c.parts"]).Select(Path.GetFileName));
        Assert.Contains(
            "Overwrite",
            Assert.Throws<DistillException>(() => new ShardedComparison(options with { Overwrite = true })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Runs_of_inputs_that_changed_meanwhile_are_not_put_into_the_tables()
    {
        using TempFolder folder = new();
        string selection = folder["selected.csv"];
        File.WriteAllLines(
            selection,
            File.ReadAllLines(world.Selection).Select(line => line.Replace("images/", world.Images + "/", StringComparison.Ordinal))
        );
        ComparisonOptions options = Comparison(folder["c"]) with
        {
            Recipes = [new ComparedRecipe("kd", world.Distill("-") with { Selection = selection, Steps = 5 })],
            Seeds = [0],
        };
        ShardedComparison coordinator = new(options);
        Assert.Equal(1, Share(options, 0, 1).Done);
        File.AppendAllText(selection, "nothing.bmp,failed,1\n");
        Assert.Contains(
            "selected.csv has changed",
            Assert.Throws<DistillException>(() => coordinator.Finish(Token)).Message,
            StringComparison.Ordinal
        );
        Assert.False(File.Exists(folder["c/results.csv"]));
    }

    private static void Same(TempFolder folder)
    {
        Assert.Equal(File.ReadAllText(folder["whole/results.csv"]), File.ReadAllText(folder["c/results.csv"]));
        Assert.Equal(File.ReadAllText(folder["whole/results.json"]), File.ReadAllText(folder["c/results.json"]));
        foreach (string run in (string[])["kd/seed-0", "kd/seed-1", "labels/seed-0", "labels/seed-1"])
            Assert.Equal(
                File.ReadAllBytes(folder[$"whole/{run}/model.safetensors"]),
                File.ReadAllBytes(folder[$"c/{run}/model.safetensors"])
            );
        Assert.Empty(Directory.EnumerateFiles(folder["c"], "*.lock", SearchOption.AllDirectories));
    }

    private static ShardSummary Share(ComparisonOptions options, int index, int count) =>
        new ShardedComparison(options).Work(new ShardShare(index, count), false, null, Token);

    private static ComparisonSummary Finish(ComparisonOptions options) => new ShardedComparison(options).Finish(Token);

    private ComparisonOptions Comparison(string output) =>
        new()
        {
            Output = output,
            Recipes =
            [
                new ComparedRecipe("kd", world.Distill("-")),
                new ComparedRecipe("labels", world.Train("-") with { Model = TinyWorld.StudentSpec, LogEvery = 5, CheckpointEvery = 7 }),
            ],
            Seeds = [0, 1],
            TestSets = [new TestSet("all", world.Images)],
            Workers = 2,
        };
}
