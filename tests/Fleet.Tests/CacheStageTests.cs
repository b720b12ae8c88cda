// What a worker makes of a cache's plan, and what it refuses of one that is not for its machine.

using DataFreeKD.Cli.Engine;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Sharding;
using DataFreeKD.Distiller.Tests;
using DataFreeKD.Models;
using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

public sealed class CacheStageTests(TinyWorld world) : IClassFixture<TinyWorld>, IDisposable
{
    private readonly TempFolder folder = new();
    private readonly CacheStage stage = new(1, _ => { });

    public void Dispose()
    {
        stage.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Shards_are_computed_on_any_thread_by_the_options_beside_the_plan_and_found_finished_the_second_time()
    {
        CacheOptions options = Options();
        ShardMessage message = Planned(options);
        List<long> told = [];
        foreach (int shard in (int[])[2, 0, 1])
        {
            // A worker gives each shard a thread of its own.
            ShardOutcome outcome = ShardOutcome.Again;
            Thread own = new(() => outcome = Run(message with { Shard = shard }, "/", told.Add));
            own.Start();
            own.Join();
            Assert.Equal(ShardOutcome.Done, outcome);
        }
        Assert.Equal([16, 32, 16, 32, 16, 32], told);
        Assert.Equal(ShardOutcome.Done, Run(message with { Shard = 1 }, "/", told.Add));
        Assert.Equal(6, told.Count);
        Assert.Empty(CacheShards.Board(options.Output).Look().Missing);
        CacheShards.Finish(options, TestContext.Current.CancellationToken);
        CacheRun.Execute(options with { Output = folder["whole"] }, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(folder["whole"]), File.ReadAllBytes(options.Output));
    }

    [Fact]
    public void The_options_come_back_as_they_were_given()
    {
        CacheOptions options = Options() with
        {
            TopK = 2,
            TeacherHeads = 3,
            Preprocessing = new PreprocessingOverride { CropPct = 0.9, Mean = [0.1f, 0.2f, 0.3f] },
            Numerics = NumericProfile.Avx2,
            Epochs = 1.1,
            Mixup = 0.8,
        };
        new CacheJob(options).Write(folder.Path);
        Assert.Equal(OptionsText.All(options with { Workers = 3 }), OptionsText.All(CacheJob.Read(folder.Path).Options(3)));
    }

    [Fact]
    public void Teacher_selection_and_images_outside_the_root_are_refused_and_nothing_is_written()
    {
        string pool = Directory.CreateDirectory(folder["pool"]).FullName,
            teacher = folder["pool/teacher"],
            selection = folder["pool/selected.csv"],
            image = Directory.EnumerateFiles(Path.Combine(world.Images, "left")).First();
        Directory.CreateDirectory(teacher);
        foreach (string file in Directory.EnumerateFiles(world.Teacher))
            File.Copy(file, Path.Combine(teacher, Path.GetFileName(file)));
        for (int i = 0; i < 40; i++)
            File.WriteAllBytes(folder[$"pool/{i}.bmp"], TinyWorld.Draw(i % 3, i));
        string[] own = [.. Enumerable.Range(0, 40).Select(i => $"{i}.bmp")];
        File.WriteAllLines(selection, ["path", .. own, image]);

        CacheOptions options = Options() with { Teacher = teacher, Selection = selection };
        Refuses("teacher", options with { Teacher = world.Teacher }, world.Teacher);
        Refuses("selection", options with { Selection = world.Selection }, world.Selection);
        Refuses("image", options, image);
        File.WriteAllLines(selection, ["path", .. own]);
        File.Delete(Path.Combine(teacher, "model.safetensors"));
        File.CreateSymbolicLink(Path.Combine(teacher, "model.safetensors"), Path.Combine(world.Teacher, "model.safetensors"));
        Refuses("link", options, "model.safetensors");

        void Refuses(string name, CacheOptions given, string what)
        {
            ShardMessage message = Planned(given with { Output = folder[$"pool/{name}.cache"] });
            ShardRefusedException refused = Assert.Throws<ShardRefusedException>(() => Run(message, pool));
            Assert.Contains(what, refused.Message, StringComparison.Ordinal);
            Assert.Contains("is not within --root", refused.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(message.Folder, "attempts")));
        }
    }

    [Fact]
    public void Another_plan_other_options_and_options_that_are_none_are_refused()
    {
        CacheOptions options = Options();
        ShardMessage message = Planned(options);
        string job = Path.Combine(message.Folder, ShardJson.JobName);

        Assert.Contains("has another plan", Refused(message with { Plan = new string('0', 64) }), StringComparison.Ordinal);
        string other = Planned(Options() with { Output = folder["other"] }).Folder;
        File.Copy(job, Path.Combine(other, ShardJson.JobName), overwrite: true);
        Assert.Contains("holds the options of", Refused(message with { Folder = other }), StringComparison.Ordinal);
        new CacheJob(options with { Seed = 7 }).Write(message.Folder);
        Assert.Contains("seed is 0 in the cache and 7 here", Refused(message), StringComparison.Ordinal);
        File.WriteAllText(job, "{\"cache\": {\"command\": \"rm\"}}");
        Assert.Contains("cannot be read as the options of a cache", Refused(message), StringComparison.Ordinal);
        File.Delete(job);
        Assert.Contains(ShardJson.JobName, Refused(message), StringComparison.Ordinal);

        string Refused(ShardMessage sent) => Assert.Throws<ShardRefusedException>(() => Run(sent, "/")).Message;
    }

    private CacheOptions Options() =>
        new()
        {
            Output = folder["c"],
            Selection = world.Selection,
            Teacher = world.Teacher,
            Steps = 6,
            BatchSize = 16,
            Workers = 1,
        };

    private static ShardMessage Planned(CacheOptions options)
    {
        CacheShards.Plan(options, 32, cancel: TestContext.Current.CancellationToken);
        PartBoard board = CacheShards.Board(options.Output);
        new CacheJob(options).Write(board.Folder);
        return FirstShard.Of(CacheStage.Stage, board.Folder, board.Sha256, board.Version, board.Numerics);
    }

    private ShardOutcome Run(ShardMessage message, string root, Action<long>? rows = null) =>
        stage.Run(message, new PoolRoot(root), rows ?? (_ => { }), () => true, TestContext.Current.CancellationToken);
}
