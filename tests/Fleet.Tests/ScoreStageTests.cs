// What a worker refuses of a plan that is not for its machine.

using System.Text.Json.Nodes;
using DataFreeKD.Cli.Engine;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Sharding;
using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

public sealed class ScoreStageTests(FleetWorld world) : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly ScoreStage stage = new(1, _ => { });

    public void Dispose()
    {
        stage.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_shard_is_scored_with_the_options_beside_the_plan_and_found_finished_the_second_time()
    {
        ScoreOptions options = Options(world.Images) with
        {
            Output = world["stage/scores.csv"],
            ExtraScores = ["views"],
            Views = 2,
            BatchSize = 8,
            FastDecode = true,
        };
        ShardMessage message = Planned(options);
        long rows = 0;

        Assert.Equal(ShardOutcome.Done, Run(message, world.Pool, done => rows = done));
        Assert.Equal(240, rows);
        rows = 0;
        Assert.Equal(ShardOutcome.Done, Run(message, world.Pool, done => rows = done));
        Assert.Equal(0, rows);
        Assert.Equal([1], ShardBoard.Open(options.Output).Look().Missing);
        ScoreOptions read = ScoreJob.Read(message.Folder).Options(1);
        Assert.Equal(OptionsText.All(ScoreJob.Full(options) with { Workers = 1 }), OptionsText.All(read));
    }

    [Fact]
    public void A_cascade_goes_to_the_workers_as_it_was_given()
    {
        ScoreOptions options = Options(world.Images) with { Cascade = new ScoreJobCascade(100, 0.5).Options() };
        ScoreJob.Of(options).Write(folder.Path);

        ScoreOptions read = ScoreJob.Read(folder.Path).Options(2);

        Assert.Equal((100, 0.5, options.Cascade.Ranking.Name), (read.Cascade!.Budget, read.Cascade.Keep, read.Cascade.Ranking.Name));
        Assert.Equal(options.Cascade.Pruning!.Name, read.Cascade.Pruning!.Name);
    }

    [Fact]
    public void Inputs_teacher_and_images_outside_the_root_are_refused_and_nothing_is_written()
    {
        string pool = Directory.CreateDirectory(folder["pool"]).FullName,
            teacher = folder["pool/teacher"];
        Directory.CreateDirectory(teacher);
        foreach (string file in Directory.EnumerateFiles(world.Teacher))
            File.Copy(file, Path.Combine(teacher, Path.GetFileName(file)));
        string outside = Directory.EnumerateFiles(world.Images).First();
        File.WriteAllLines(folder["pool/list.csv"], ["path", outside]);

        Refuses(Options(world.Images) with { Teacher = teacher, Output = folder["pool/a.csv"] }, world.Images);
        Refuses(Options(folder["pool/list.csv"]) with { Output = folder["pool/b.csv"] }, world.Teacher);
        Refuses(Options(folder["pool/list.csv"]) with { Teacher = teacher, Output = folder["pool/c.csv"] }, outside);
        File.Delete(Path.Combine(teacher, "model.safetensors"));
        File.CreateSymbolicLink(Path.Combine(teacher, "model.safetensors"), Path.Combine(world.Teacher, "model.safetensors"));
        Refuses(Options(folder["pool/list.csv"]) with { Teacher = teacher, Output = folder["pool/d.csv"] }, "model.safetensors");

        void Refuses(ScoreOptions options, string what)
        {
            ShardMessage message = Planned(options);
            ShardRefusedException refused = Assert.Throws<ShardRefusedException>(() => Run(message, pool));
            Assert.Contains(what, refused.Message, StringComparison.Ordinal);
            Assert.Contains("is not within --root", refused.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(message.Folder, "attempts")));
            Assert.Contains(0, ShardBoard.Open(options.Output).Look().Missing);
        }
    }

    [Fact]
    public void Another_plan_other_options_and_options_that_are_none_are_refused()
    {
        ScoreOptions options = Options(world.Images);
        ShardMessage message = Planned(options);
        string job = Path.Combine(message.Folder, ShardJson.JobName);

        Assert.Contains("has another plan", Refused(message with { Plan = new string('0', 64) }), StringComparison.Ordinal);
        JsonNode altered = JsonNode.Parse(File.ReadAllText(job))!;
        altered["score"]!["views"] = 7;
        altered["score"]!["extra_scores"] = new JsonArray("views");
        File.WriteAllText(job, altered.ToJsonString());
        Assert.Contains("other options", Refused(message), StringComparison.Ordinal);
        File.WriteAllText(job, "{\"score\": {\"command\": \"rm\"}}");
        Assert.Contains("cannot be read as the options of a run", Refused(message), StringComparison.Ordinal);
        File.Delete(job);
        Assert.Contains(ShardJson.JobName, Refused(message), StringComparison.Ordinal);

        string Refused(ShardMessage sent) => Assert.Throws<ShardRefusedException>(() => Run(sent, "/")).Message;
    }

    private ScoreOptions Options(string input) =>
        new()
        {
            Sources = [input],
            Teacher = world.Teacher,
            Output = folder["scores.csv"],
            Workers = 1,
        };

    private static ShardMessage Planned(ScoreOptions options)
    {
        ScoreShards.Plan(options, new ShardOptions { Size = 240 }, TestContext.Current.CancellationToken);
        ShardBoard board = ShardBoard.Open(options.Output);
        ScoreJob.Of(ScoreJob.Full(options)).Write(board.Folder);
        return FirstShard.Of(ScoreStage.Stage, board.Folder, board.Sha256, board.Version, board.Numerics);
    }

    private ShardOutcome Run(ShardMessage message, string root, Action<long>? rows = null) =>
        stage.Run(message, new PoolRoot(root), rows ?? (_ => { }), () => true, TestContext.Current.CancellationToken);
}
