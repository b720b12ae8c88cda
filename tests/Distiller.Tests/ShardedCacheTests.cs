// A cache in shards: whoever computes which steps, the file is that of one process.

using System.Text.Json.Nodes;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class ShardedCacheTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 3)]
    [InlineData(7, 2)]
    public void Shares_and_a_finish_give_the_bytes_of_one_process(int processes, int topK)
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]) with { TopK = topK };
        Whole(folder, options);
        for (int index = processes - 1; index > 0; index--)
            Share(options, index, processes);
        if (processes > 1)
        {
            ShardException missing = Assert.Throws<ShardException>(() => Finish(options));
            Assert.Equal(ShardProblem.Missing, missing.Problem);
            Assert.Contains("shards are missing: 0, ", missing.Message, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(options.Output));
        ShardSummary last = Share(options, 0, processes);
        Assert.Equal((10, 10), (last.Shards, last.Finished));
        Assert.Equal(0, Share(options, 0, 1).Done);

        CacheSummary summary = Finish(options);

        Assert.Equal((30 * 16L, 30 * 16L), (summary.Records, summary.ResumedFrom));
        Same(folder, options);
        // A late process makes no plan where all is done.
        Assert.Contains("it is finished", Refused(() => Share(options, 0, 1)), StringComparison.Ordinal);
        Assert.Contains("it is finished", Refused(() => Finish(options)), StringComparison.Ordinal);
        // And one process finds it finished.
        Assert.Equal(summary.Records, CacheRun.Execute(options with { Resume = true }, cancel: Token).ResumedFrom);
    }

    [Fact]
    public void One_process_finishes_what_shares_began_and_an_interrupted_share_loses_its_shard_alone()
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]);
        Whole(folder, options);
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() => Work(options, new OnStep("cache", 8, stop.Cancel), stop.Token));
        // A machine's trouble does not count against a shard.
        Assert.Throws<IOException>(() =>
            Work(options, new OnStep("cache", 11, () => throw new IOException("No space left on device")), Token)
        );
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["c.parts/attempts"]));
        Assert.Equal(3, CacheShards.Board(options.Output).Look().Rows / 48);
        Assert.Contains("holds a plan of 10 shards", Refused(() => CacheRun.Execute(options, cancel: Token)), StringComparison.Ordinal);

        CacheSummary summary = CacheRun.Execute(options with { Resume = true }, cancel: Token);

        Assert.Equal(3 * 48L, summary.ResumedFrom);
        Same(folder, options);
    }

    [Fact]
    public void Parts_that_are_cut_altered_or_gone_are_named_and_computed_again()
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]);
        Whole(folder, options);
        Share(options, 0, 1);
        string cut = folder["c.parts/00000002.part"],
            altered = folder["c.parts/00000005.part"];
        using (FileStream file = File.OpenWrite(cut))
            file.SetLength(file.Length - 1);
        byte[] bytes = File.ReadAllBytes(altered);
        bytes[40] ^= 1;
        File.WriteAllBytes(altered, bytes);
        File.Delete(folder["c.parts/00000007.part"]);

        ShardException damaged = Assert.Throws<ShardException>(() => Finish(options));

        Assert.Equal(ShardProblem.Damaged, damaged.Problem);
        Assert.Contains("00000002.part is cut short or altered", damaged.Message, StringComparison.Ordinal);
        Assert.Contains("2 more like it", damaged.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(options.Output));
        List<string> notes = [];
        Assert.Equal(3, CacheShards.Work(options, ShardShare.All, note: notes.Add, cancel: Token).Done);
        Assert.Equal(3, notes.Count);
        Finish(options);
        Same(folder, options);
    }

    [Fact]
    public void A_shard_that_loses_three_processes_is_named_and_tried_again_only_when_asked_for()
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]);
        Whole(folder, options);
        CacheShards.Plan(options, 48, cancel: Token);
        for (int time = 0; time < 3; time++)
        {
            string attempt = Directory.CreateDirectory(folder[$"c.parts/attempts/00000004.{Guid.NewGuid():N}"]).FullName;
            File.WriteAllText(
                Path.Combine(attempt, "started.json"),
                """{ "host": "gone", "process": 1, "version": "1", "since": "2026-01-01T00:00:00Z" }"""
            );
        }

        Assert.Equal([4], Share(options, 0, 1).Failed);
        ShardException failed = Assert.Throws<ShardException>(() => Finish(options));

        Assert.Equal(ShardProblem.Failed, failed.Problem);
        Assert.Contains("1 of 10 shards failed: 4;", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("--allow-failed-shards", failed.Message, StringComparison.Ordinal);
        Assert.Equal(4, (int)JsonNode.Parse(File.ReadAllText(folder["c.parts/failed.json"]))![0]!["shard"]!);
        Assert.Empty(CacheShards.Work(options, ShardShare.All, retryFailed: true, cancel: Token).Failed);
        Finish(options);
        Same(folder, options);
    }

    [Fact]
    public void Other_bytes_for_a_shard_are_a_conflict_until_it_is_computed_again()
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]);
        Whole(folder, options);
        Share(options, 0, 1);
        PartStore store = CacheFolder.StoreOf(options.Output);
        using (PartAttempt other = new(store, 3, Provenance.ToolVersion))
        {
            File.WriteAllText(other.Rows, "other");
            Part part = store.Read(3)! with { Attempt = other.Name, Sha256 = FileHash.Of(other.Rows, Token) };
            Assert.Equal(ShardProblem.Conflict, Assert.Throws<ShardException>(() => other.Commit(part)).Problem);
        }

        Assert.Equal(ShardProblem.Conflict, Assert.Throws<ShardException>(() => Finish(options)).Problem);

        CacheRun.Execute(options with { Resume = true }, cancel: Token);
        Same(folder, options);
    }

    public static TheoryData<string, string> Others =>
        new()
        {
            { "flip", "flip is 0 in the cache and 0.5 here" },
            { "seed", "seed is 0 in the cache and 1 here" },
            { "top-k", "is for --top-k 3 and this process is for 2" },
            { "batch size", "is for --batch-size 16 and this process has 8; give --batch-size 16" },
            { "steps", "has 30 steps and this process 31; give --steps 30" },
            { "epochs", "records is 480 in the cache and" },
            { "preprocessing", "other preprocessing" },
            { "teacher", "teacher (SHA-256 of its weights) is" },
            { "size", "--shard-size 64: " },
            { "threads", "is for --threads " },
            { "version", "was made by version 0.0.1" },
            { "numerics", "is for --numerics avx2 and this process is for native; give --numerics avx2" },
            { "form", "is of another form (9)" },
            { "null", "values are missing" },
            { "none", "cannot be read as the plan of a cache" },
            { "head", "head.bin is gone or altered" },
            { "foreign", "mine.txt is in the way" },
        };

    [Theory]
    [MemberData(nameof(Others))]
    public void What_is_not_the_plans_is_refused_and_the_plan_stays(string what, string expected)
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]);
        CacheShards.Plan(options, 48, cancel: Token);
        string path = folder["c.parts/plan.json"],
            text = File.ReadAllText(path);
        JsonNode plan = JsonNode.Parse(text)!;
        switch (what)
        {
            case "threads":
                plan["threads"] = torch.get_num_threads() + 1;
                break;
            case "version":
                plan["version"] = "0.0.1";
                break;
            case "numerics":
                plan["numerics"] = "avx2";
                break;
            case "form":
                plan["form"] = 9;
                break;
            case "null":
                plan["inputs"] = null;
                break;
            case "head":
                File.AppendAllText(folder["c.parts/head.bin"], "x");
                break;
            case "foreign":
                File.WriteAllText(folder["c.parts/mine.txt"], "mine");
                break;
            default:
                break;
        }
        File.WriteAllText(path, what == "none" ? "{" : plan.ToJsonString());
        CacheOptions other = what switch
        {
            "flip" => options with { Flip = 0.5 },
            "seed" => options with { Seed = 1 },
            "top-k" => options with { TopK = 2 },
            "batch size" => options with { BatchSize = 8, Steps = 60 },
            "steps" => options with { Steps = 31 },
            "epochs" => options with { Steps = null, Epochs = 1 },
            "preprocessing" => options with { Preprocessing = new PreprocessingOverride { Mean = [0.1f, 0.2f, 0.3f] } },
            "teacher" => options with { Teacher = OtherTeacher(folder["other"]) },
            _ => options,
        };

        string message = Refused(() => CacheShards.Work(other, ShardShare.All, what == "size" ? 64 : null, cancel: Token));

        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Empty(Directory.EnumerateFiles(folder["c.parts"], "*.part"));
        Assert.False(File.Exists(folder["c.parts/failed.json"]));
        if (what == "foreign")
        {
            Assert.Equal("mine", File.ReadAllText(folder["c.parts/mine.txt"]));
            return;
        }
        // Made anew, it is this process's.
        CacheShards.Plan(other with { Overwrite = true }, 48, cancel: Token);
        Assert.NotEqual("{", File.ReadAllText(path));
    }

    [Fact]
    public void Other_images_are_refused_before_a_shard_is_begun()
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(folder["images"]);
        for (int i = 0; i < 40; i++)
            File.WriteAllBytes(folder[$"images/{i}.bmp"], TinyWorld.Draw(i % 3, i));
        File.WriteAllLines(folder["sel.csv"], ["path", .. Enumerable.Range(0, 40).Select(i => $"images/{i}.bmp")]);
        CacheOptions options = Options(folder["c"]) with { Selection = folder["sel.csv"] };
        CacheShards.Plan(options, 48, cancel: Token);
        File.WriteAllBytes(folder["images/7.bmp"], TinyWorld.Draw(0, 700));
        Assert.Contains("pixels (XXH128) is", Refused(() => Share(options, 0, 1)), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["c.parts/attempts"]));
    }

    [Fact]
    public void A_file_that_appeared_and_an_interrupted_run_of_one_process_are_not_replaced_unasked()
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]);
        Assert.Throws<InvalidDataException>(() =>
            CacheRun.Execute(options, new OnStep("cache", 3, () => throw new InvalidDataException("killed")), Token)
        );
        Assert.Contains(
            "an interrupted run that was not split",
            Refused(() => CacheShards.Plan(options, cancel: Token)),
            StringComparison.Ordinal
        );
        CacheShards.Plan(options with { Overwrite = true }, 48, cancel: Token);
        Assert.False(File.Exists(folder["c.part"]));
        Share(options, 0, 1);
        File.WriteAllText(options.Output, "mine");
        Assert.Contains("appeared since the plan was made", Refused(() => Finish(options)), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(options.Output));
        Finish(options with { Overwrite = true });
        Whole(folder, options);
        Same(folder, options);
        // What is finished is replaced by a plan that says so, and by no other.
        Assert.Contains("begin anew", Refused(() => CacheShards.Plan(options, cancel: Token)), StringComparison.Ordinal);
        CacheShards.Plan(options with { Overwrite = true }, 48, cancel: Token);
        Share(options, 0, 1);
        Finish(options);
        Same(folder, options);
    }

    [Fact]
    public void A_folder_that_no_cache_made_is_refused_and_stays()
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]);
        Directory.CreateDirectory(folder["c.parts"]);
        foreach (string name in (string[])["plan.json", "00000000.part"])
            File.WriteAllText(folder[$"c.parts/{name}"], "mine");
        foreach (bool overwrite in (bool[])[false, true])
            Assert.Contains(
                "no cache wrote it",
                Refused(() => CacheShards.Plan(options with { Overwrite = overwrite }, cancel: Token)),
                StringComparison.Ordinal
            );
        CacheRun.Execute(options with { Overwrite = true }, cancel: Token);
        Assert.Equal(2, Directory.GetFiles(folder["c.parts"]).Length);
    }

    [Fact]
    public void A_finish_that_was_killed_before_the_parts_were_removed_is_repeated()
    {
        using TempFolder folder = new();
        CacheOptions options = Options(folder["c"]);
        Whole(folder, options);
        Share(options, 0, 1);
        File.Copy(folder["whole"], options.Output);
        Finish(options);
        Same(folder, options);
    }

    private static ShardSummary Work(CacheOptions options, IProgress<TrainProgress> progress, CancellationToken cancel) =>
        CacheShards.Work(options, ShardShare.All, 48, progress: progress, cancel: cancel);

    private static ShardSummary Share(CacheOptions options, int index, int count) =>
        CacheShards.Work(options, new ShardShare(index, count), 48 + index % 2 * 5, cancel: Token);

    private static CacheSummary Finish(CacheOptions options) => CacheShards.Finish(options, Token);

    private static void Whole(TempFolder folder, CacheOptions options) =>
        CacheRun.Execute(options with { Output = folder["whole"] }, cancel: Token);

    private static string Refused(Action run) => Assert.ThrowsAny<DataFreeKDException>(run).Message;

    private static void Same(TempFolder folder, CacheOptions options)
    {
        Assert.Equal(File.ReadAllBytes(folder["whole"]), File.ReadAllBytes(options.Output));
        Assert.False(Directory.Exists(options.Output + ".parts"));
        Provenance one = Provenance.ReadBeside(folder["whole"])!,
            other = Provenance.ReadBeside(options.Output)!;
        Assert.Equal((one.Command, one.Version), (other.Command, other.Version));
        Assert.Equal(one.Inputs, other.Inputs);
        Assert.Equal(one.Counts, other.Counts);
    }

    private CacheOptions Options(string output) =>
        new()
        {
            Output = output,
            Selection = world.Selection,
            Teacher = world.Teacher,
            Steps = 30,
            BatchSize = 16,
            Flip = 0,
            Erase = 0.3,
            Mixup = 0.8,
            TopK = 3,
            Workers = 1,
        };

    private string OtherTeacher(string path)
    {
        TrainRun.Execute(world.Train(path) with { Steps = 1 }, cancel: Token);
        return path;
    }
}
