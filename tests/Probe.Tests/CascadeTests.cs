// A cascade drops rows, says so, and tells the truth about what it loses.

using System.Globalization;
using System.Text.Json;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Probe.Cascade;

namespace DataFreeKD.Probe.Tests;

public sealed class CascadeTests
{
    private const int Images = 80;

    [Fact]
    public void Dropped_rows_are_skipped_without_figures_and_the_others_are_as_in_full()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", Images, brokenEvery: 9);
        ScoringWorld.Score(ScoreRunTests.Options(world, images) with { Output = world["full.csv"] });
        ScoreSummary summary = ScoringWorld.Score(Options(world, images, keep: 0.4));

        List<TableRow> full = ScoringWorld.Rows(world["full.csv"]),
            rows = ScoringWorld.Rows(world["scores.csv"]);
        Assert.Equal(full.Select(row => row["path"]), rows.Select(row => row["path"]));
        int dropped = 0,
            kept = 0;
        foreach ((TableRow all, TableRow row) in full.Zip(rows))
        {
            Assert.Equal((all["sha256"], all["width"], all["height"]), (row["sha256"], row["width"], row["height"]));
            if (row["status"] == Status.Skipped)
            {
                dropped++;
                Assert.Equal(
                    (Status.Ok, "cascade", "", "", ""),
                    (all["status"], row["reason"], row["entropy"], row["prediction"], row["probe_variance_0"])
                );
                continue;
            }
            Assert.Equal((all["status"], all["reason"], all["prediction"]), (row["status"], row["reason"], row["prediction"]));
            if (row["status"] != Status.Ok)
                continue;
            kept++;
            foreach (string column in new[] { "entropy", "energy", "probe_variance_0", "probe_cosine_0" })
                Assert.Equal(Figure(all, column), Figure(row, column), 1e-5);
        }
        Assert.InRange(kept, 1, Images - 10);
        Assert.Equal(dropped, summary.Counts["skipped/cascade"]);
        Assert.NotEqual(0, dropped);
    }

    [Fact]
    public void The_recall_told_is_that_of_the_held_out_images_against_full_scoring()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", Images);
        ScoringWorld.Score(ScoreRunTests.Options(world, images) with { Output = world["full.csv"] });
        CascadeVerdict told = ScoringWorld.Score(Options(world, images, keep: 0.5)).Cascade!;

        // A pool below the sample is sampled whole, in order; every fourth image from the fourth is held out.
        int[] heldOut = [.. Enumerable.Range(0, Images).Where(i => i % 4 == 3)];
        List<TableRow> full = ScoringWorld.Rows(world["full.csv"]),
            rows = ScoringWorld.Rows(world["scores.csv"]);
        int[] best = [.. heldOut.OrderBy(i => Figure(full[i], "entropy")).Take(heldOut.Length * 20 / Images)];
        Assert.Equal((heldOut.Length, best.Length, Images, 20), (told.HeldOut, told.Best, (int)told.Pool, (int)told.Budget));
        Assert.Equal(best.Count(i => rows[i]["status"] == Status.Ok), told.Found);
        Assert.Equal((double)heldOut.Count(i => rows[i]["status"] == Status.Ok) / heldOut.Length, told.Kept);
        Assert.Contains("Recall", typeof(CascadeVerdict).GetProperties().Select(property => property.Name));
        using JsonDocument provenance = JsonDocument.Parse(File.ReadAllText(world["scores.json"]));
        Assert.Contains(
            $"\"Found\":{told.Found}",
            provenance
                .RootElement.ToString()
                .Replace("\\u0022", "\"", StringComparison.Ordinal)
                .Replace("\\\"", "\"", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void The_sample_lies_beside_the_table_with_all_of_its_figures_and_goes_with_the_cascade()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", Images);
        ScoringWorld.Score(ScoreRunTests.Options(world, images) with { Output = world["full.csv"] });
        ScoringWorld.Score(Options(world, images, keep: 0.5));

        // A pool below the sample is sampled whole.
        Assert.Equal(
            ScoringWorld.Rows(world["full.csv"]).Select(row => string.Join(',', row.Fields)),
            ScoringWorld.Rows(world["scores.sample.csv"]).Select(row => string.Join(',', row.Fields))
        );
        ScoringWorld.Score(ScoreRunTests.Options(world, images) with { Output = world["scores.csv"], Overwrite = true });
        Assert.False(File.Exists(world["scores.sample.csv"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Workers_and_an_interruption_change_no_byte(bool student)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", Images);
        ScoreOptions options = Options(world, images, keep: 0.5) with { CheckpointEvery = 2, BatchSize = 2 };
        if (student)
            options = options with { Cascade = options.Cascade! with { Pruning = Answering(world.Teacher()) } };
        ScoringWorld.Score(options with { Output = world["one.csv"], Workers = 1 });
        ScoringWorld.Score(options with { Output = world["three.csv"], Workers = 3 });
        Assert.Equal(File.ReadAllBytes(world["one.csv"]), File.ReadAllBytes(world["three.csv"]));

        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            ScoringWorld.Score(
                options,
                now =>
                {
                    if (now.Done >= 30)
                        stop.Cancel();
                },
                stop
            )
        );
        ScoringWorld.Score(options with { Resume = true });
        Assert.Equal(File.ReadAllBytes(world["one.csv"]), File.ReadAllBytes(options.Output));
    }

    [Fact]
    public void A_budget_of_the_whole_pool_drops_nothing()
    {
        using ScoringWorld world = new();
        ScoreSummary summary = ScoringWorld.Score(Options(world, world.Images("images", 30), keep: null, budget: 30));
        Assert.Equal((0, 30L), (summary.Cascade!.Blocks, summary.Counts[Status.Ok]));
    }

    [Fact]
    public void Senseless_options_are_refused()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 2);
        Assert.Contains(
            "Budget 0",
            Assert.Throws<ScoreException>(() => ScoringWorld.Score(Options(world, images, keep: null, budget: 0))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Cascade 1.5",
            Assert.Throws<ScoreException>(() => ScoringWorld.Score(Options(world, images, keep: 1.5))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "CascadeModelPath known.zip",
            Assert
                .Throws<ScoreException>(() => ScoringWorld.Score(Options(world, images, keep: 0.5) with { CascadeModelPath = "known.zip" }))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "rollout",
            Assert
                .Throws<ScoreException>(() =>
                    ScoringWorld.Score(Options(world, images, keep: 0.5) with { ExtraScores = ["rollout_entropy"] })
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_student_that_answers_as_its_teacher_keeps_the_best_and_hardly_more()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", Images, brokenEvery: 9);
        ScoringWorld.Score(ScoreRunTests.Options(world, images) with { Output = world["full.csv"] });
        ScoreOptions options = Options(world, images, keep: 0.5);
        CascadeVerdict told = ScoringWorld
            .Score(options with { Cascade = options.Cascade! with { Pruning = Answering(world.Teacher()) } })
            .Cascade!;

        // A quarter of the sample, of which two are no images.
        Assert.Equal((told.Best, 18, 0, null), (told.Found, told.PrunedOn, told.Blocks, told.NoStudent));
        Assert.StartsWith("vit:", told.Student, StringComparison.Ordinal);
        List<TableRow> full = ScoringWorld.Rows(world["full.csv"]),
            rows = ScoringWorld.Rows(world["scores.csv"]);
        int[] usable = [.. Enumerable.Range(0, Images).Where(i => full[i]["status"] == Status.Ok)];
        int[] best = [.. usable.OrderBy(i => Figure(full[i], "entropy")).Take(20)];
        Assert.All(best, i => Assert.Equal(Status.Ok, rows[i]["status"]));
        Assert.InRange(usable.Count(i => rows[i]["status"] == Status.Ok), 25, 50);
        Assert.All(usable.Where(i => rows[i]["status"] == Status.Ok), i =>
            Assert.Equal(Figure(full[i], "energy"), Figure(rows[i], "energy"), 1e-5)
        );
    }

    [Fact]
    public void A_teacher_that_no_student_can_be_had_of_is_read_off_its_first_blocks_and_the_reason_is_told()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", Images);
        ScoreOptions options = Options(world, images, keep: 0.5);
        CascadePruning none = new("none", 10, (_, _, _) => new CascadeStudent(null, "it has no closed form"));
        CascadeVerdict told = ScoringWorld.Score(options with { Cascade = options.Cascade! with { Pruning = none } }).Cascade!;

        Assert.Equal((1, null, "it has no closed form"), (told.Blocks, told.Student, told.NoStudent));
        Assert.Equal(File.ReadAllBytes(options.Output), First(options));

        static byte[] First(ScoreOptions options)
        {
            ScoringWorld.Score(options with { Overwrite = true });
            return File.ReadAllBytes(options.Output);
        }
    }

    [Fact]
    public void A_cascade_given_again_drops_the_same_images_and_is_refused_for_another_teacher()
    {
        using ScoringWorld world = new();
        string images = world.Images("images", Images);
        ScoreOptions options = Options(world, images, keep: 0.3);
        ScoringWorld.Score(options with { Cascade = options.Cascade! with { Pruning = Answering(world.Teacher()) } });
        byte[] before = File.ReadAllBytes(options.Output);
        File.Copy(world["scores.cascade.zip"], world["known.zip"]);

        ScoreOptions again = options with { Cascade = null, CascadeModelPath = world["known.zip"], Output = world["again.csv"] };
        ScoringWorld.Score(again);
        Assert.Equal(before, File.ReadAllBytes(world["again.csv"]));
        Assert.Equal(File.ReadAllBytes(world["scores.sample.csv"]), File.ReadAllBytes(world["again.sample.csv"]));

        Assert.Contains(
            "known.zip was learned from another teacher",
            Assert
                .Throws<ScoreException>(() =>
                    ScoringWorld.Score(again with { Teacher = world.Teacher(seed: 7), Output = world["other.csv"] })
                )
                .Message,
            StringComparison.Ordinal
        );
        File.WriteAllText(world["known.zip"], "no zip");
        Assert.Contains(
            "is no cascade",
            Assert.Throws<ScoreException>(() => ScoringWorld.Score(again with { Overwrite = true })).Message,
            StringComparison.Ordinal
        );
    }

    // A student that is its teacher.
    private static CascadePruning Answering(string teacher) =>
        new("the teacher", 1000, (_, _, _) => new CascadeStudent(ModelStore.Load(teacher), null));

    // Sure images first: what the command takes from the selector.
    private static ScoreOptions Options(ScoringWorld world, string images, double? keep, long budget = 20) =>
        ScoreRunTests.Options(world, images) with
        {
            Cascade = new CascadeOptions
            {
                Budget = budget,
                Keep = keep,
                Ranking = new CascadeRanking("entropy", _ => (["entropy"], columns => [.. columns[0].Select(entropy => -entropy)])),
            },
        };

    private static double Figure(TableRow row, string column) => double.Parse(row[column]!, CultureInfo.InvariantCulture);
}
