// A run in shards whose plan and parts lie in a bucket ends with the very bytes of one process.

using System.Text.Json.Nodes;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Probe.Sharding;
using DataFreeKD.Storage;
using DataFreeKD.Storage.Parts;
using DataFreeKD.Testing;

namespace DataFreeKD.Probe.Tests;

public sealed class BucketShardTests : IAsyncLifetime
{
    private const int Images = 42;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly ScoringWorld world = new();
    private DateTimeOffset now = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20_000);
    private FakeBucket bucket = null!;

    public async ValueTask InitializeAsync()
    {
        bucket = await FakeBucket.Start();
        bucket.PageSize = 1000;
        bucket.Clock = () => now;
    }

    public async ValueTask DisposeAsync()
    {
        await bucket.DisposeAsync();
        world.Dispose();
    }

    [Theory]
    [InlineData(1, "scores.csv", false)]
    [InlineData(3, "scores.csv", false)]
    [InlineData(7, "scores.csv", false)]
    [InlineData(3, "scores.parquet", false)]
    [InlineData(3, "scores.csv", true)]
    public void Shares_of_any_number_end_with_the_bytes_of_one_process(int shares, string name, bool all)
    {
        ScoreOptions options = Options(all) with { Output = world[name] };
        Dictionary<string, byte[]> whole = Plain(options);

        for (int share = shares - 1; share >= 0; share--)
            Assert.Empty(Work(options, share, shares).Failed);
        Assert.False(Directory.Exists(options.Output + ".parts"));
        ScoreShards.Finish(options, cancel: Token);

        Same(whole, options);
        Assert.Equal(["runs/a/ended.json"], Keys());
    }

    [Fact]
    public void Parts_of_a_bucket_are_those_of_a_folder()
    {
        ScoreOptions options = Options(),
            beside = options with { Parts = null };
        Work(options, 0, 2);
        Work(beside, 0, 2);

        for (int shard = 0; shard < 6; shard += 2)
        {
            JsonNode there = JsonNode.Parse(Object($"notes/{shard:D8}.json"))!,
                here = JsonNode.Parse(File.ReadAllText(world[$"scores.csv.parts/{shard:D8}.json"]))!;
            Assert.Equal((string?)here["sha256"], (string?)there["sha256"]);
            Assert.Equal((string?)here["embeddings_sha256"], (string?)there["embeddings_sha256"]);
            Assert.Equal(File.ReadAllBytes(world[$"scores.csv.parts/{shard:D8}.part"]), Object($"rows/{there["attempt"]}.part"));
        }
        Assert.Equal(File.ReadAllBytes(world["scores.csv.parts/plan.json"]), bucket.Objects["runs/a/plan.json"]);
    }

    [Fact]
    public void Shares_at_once_come_to_one_plan_and_the_same_bytes()
    {
        ScoreOptions options = Options(all: true);
        Dictionary<string, byte[]> whole = Plain(options);

        Parallel.For(0, 3, share => Work(options, share, 3));
        ScoreShards.Finish(options, cancel: Token);

        Same(whole, options);
    }

    [Fact]
    public void A_resumed_run_finishes_what_shares_began()
    {
        ScoreOptions options = Options(all: true);
        Dictionary<string, byte[]> whole = Plain(options);
        Work(options, 1, 3);

        ScoringWorld.Score(options with { Resume = true });

        Same(whole, options);
        Assert.Equal(["runs/a/ended.json"], Keys());
    }

    [Fact]
    public void A_table_folder_is_that_of_the_plan_beside_the_table()
    {
        ScoreOptions options = Options(),
            beside = options with { Parts = null, Output = world["other/scores.csv"] };
        Work(options, 0, 1);
        ScoreShards.Finish(options, new FinishOptions { TableFolder = true }, Token);
        ScoreShards.Work(options with { Parts = null }, new ShardOptions { Size = 8 }, cancel: Token);
        string there = world["scores.table"],
            moved = world["moved"];
        Directory.Move(there, moved);
        File.Delete(world["scores.table.json"]);
        ScoreShards.Finish(options with { Parts = null, Overwrite = true }, new FinishOptions { TableFolder = true }, Token);

        string[] names = [.. Directory.EnumerateFiles(there).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(names, Directory.EnumerateFiles(moved).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(Path.Combine(there, name)), File.ReadAllBytes(Path.Combine(moved, name))));
    }

    [Fact]
    public void Missing_shards_are_named_and_nothing_is_written()
    {
        ScoreOptions options = Options();
        Work(options, 1, 3);

        ShardException missing = Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token));

        Assert.Equal(ShardProblem.Missing, missing.Problem);
        Assert.Contains("4 of 6 shards are missing: 0, 2-3, 5;", missing.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(options.Output));
    }

    [Fact]
    public void A_shard_that_kills_its_process_three_times_is_not_tried_again_and_may_become_rows_that_say_so()
    {
        ScoreOptions options = Options();
        ScoreShards.Plan(options, new ShardOptions { Size = 8 }, Token);
        for (int attempt = 0; attempt < AttemptLog.Most; attempt++)
            Killed(4);
        now += TimeSpan.FromSeconds(61);

        ShardSummary summary = Work(options, 0, 1);

        Assert.Equal([4], summary.Failed);
        Assert.Equal(5, summary.Finished);
        ShardException failed = Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token));
        Assert.Contains("killed or crashed", failed.Message, StringComparison.Ordinal);
        Assert.Contains("all reasons are in s3://photos/runs/a/failed.json", failed.Message, StringComparison.Ordinal);
        Assert.Contains("runs/a/failed.json", Keys());
        ScoreSummary finished = ScoreShards.Finish(options, new FinishOptions { AllowFailed = 1 }, Token);
        Assert.Equal(8, finished.Counts["failed/shard"]);
        Assert.Equal(Images, ScoringWorld.Rows(options.Output).Count);
    }

    [Fact]
    public void Two_killed_attempts_do_not_keep_a_shard_from_being_scored()
    {
        ScoreOptions options = Options();
        Dictionary<string, byte[]> whole = Plain(options);
        ScoreShards.Plan(options, new ShardOptions { Size = 8 }, Token);
        Killed(4);
        Killed(4);

        Assert.Empty(Work(options, 0, 1).Failed);
        ScoreShards.Finish(options, cancel: Token);

        Same(whole, options);
    }

    [Fact]
    public void A_conflict_stops_the_finish_until_the_shard_is_computed_again()
    {
        ScoreOptions options = Options();
        Dictionary<string, byte[]> whole = Plain(options);
        Work(options, 0, 1);
        using (IPlanPlace place = ScorePlace.Of(options, cancel: Token))
        {
            (ScorePlan plan, string sha256) = ScorePlan.Read(place)!.Value;
            IPartStore store = place.Parts(sha256);
            using IPartAttempt other = store.Begin(0, plan.Version);
            File.WriteAllText(other.Rows, "a\n2\n");
            Part part = store.Read(0)! with
            {
                Attempt = other.Name,
                Sha256 = Provenance.HashFile(other.Rows, Token),
                EmbeddingsSha256 = null,
            };
            Assert.Contains(
                "computed other bytes than",
                Assert.Throws<ShardException>(() => other.Commit(part)).Message,
                StringComparison.Ordinal
            );
        }

        Assert.Equal(ShardProblem.Conflict, Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token)).Problem);
        Assert.False(File.Exists(options.Output));
        ScoringWorld.Score(options with { Resume = true });
        Same(whole, options);
    }

    [Fact]
    public void A_part_that_is_altered_is_named_at_the_end_and_computed_again()
    {
        ScoreOptions options = Options();
        Dictionary<string, byte[]> whole = Plain(options);
        Work(options, 0, 1);
        string rows = Keys().First(key => key.EndsWith(".part", StringComparison.Ordinal));
        lock (bucket.Objects)
            bucket.Objects[rows] = [.. bucket.Objects[rows], 0];

        ShardException damaged = Assert.Throws<ShardException>(() => ScoreShards.Finish(options, cancel: Token));
        Assert.Contains($"s3://photos/{rows} is cut short or altered", damaged.Message, StringComparison.Ordinal);
        Assert.Equal(1, Work(options, 0, 1).Done);
        ScoreShards.Finish(options, cancel: Token);

        Same(whole, options);
    }

    [Fact]
    public void An_outage_ends_the_process_and_does_not_count_against_the_shard()
    {
        ScoreOptions options = Options();
        Dictionary<string, byte[]> whole = Plain(options);
        ScoreShards.Plan(options, new ShardOptions { Size = 8 }, Token);
        bucket.Fault = request =>
            request.Method == "PUT" && request.Key.Contains("/rows/", StringComparison.Ordinal) ? new BucketFault(500) : null;

        Assert.True(Assert.Throws<StorageException>(() => Work(options, 0, 1)).IsPassing);

        Assert.DoesNotContain(Keys(), key => key.Contains("/attempts/", StringComparison.Ordinal));
        bucket.Fault = _ => null;
        Work(options, 0, 1);
        ScoreShards.Finish(options, cancel: Token);
        Same(whole, options);
    }

    [Fact]
    public void Every_fifth_request_may_fail_in_any_way()
    {
        ScoreOptions options = Options();
        Dictionary<string, byte[]> whole = Plain(options);
        int asked = 0;
        BucketFault[] faults = [new(500), new(503, "SlowDown"), new(Unclear: true), new(CutAfter: 3)];
        bucket.Fault = request =>
            Interlocked.Increment(ref asked) is var number && number % 5 == 0 ? faults[number / 5 % faults.Length] : null;

        for (int share = 0; share < 3; share++)
            Work(options, share, 3);
        ScoreShards.Finish(options, cancel: Token);

        Same(whole, options);
        Assert.Equal(["runs/a/ended.json"], Keys());
    }

    [Fact]
    public void Another_plan_below_the_prefix_is_refused_and_an_ended_one_too()
    {
        ScoreOptions options = Options();
        Work(options, 0, 1);

        Assert.Contains(
            "s3://photos/runs/a/plan.json is for other inputs or other options (extra-scores",
            Assert.Throws<ScoreException>(() => Work(options with { ExtraScores = ["views"] }, 0, 1)).Message,
            StringComparison.Ordinal
        );
        ScoreShards.Finish(options, cancel: Token);
        // On a machine that does not see the table.
        ScoreOptions late = options with { Output = world["late/scores.csv"] };
        Directory.CreateDirectory(world["late"]);
        string refused = Assert.Throws<ScoreException>(() => Work(late, 0, 1)).Message;
        Assert.Contains($"s3://photos/runs/a: it was finished as {options.Output}, by ", refused, StringComparison.Ordinal);
        Assert.Contains("begin anew with --plan --overwrite", refused, StringComparison.Ordinal);
        Assert.Contains(
            "has no plan any more: it was finished",
            Assert.Throws<ScoreException>(() => ScoreShards.Finish(late, cancel: Token)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "has no plan any more: it was finished",
            Assert.Throws<ScoreException>(() => ScoringWorld.Score(late with { Resume = true })).Message,
            StringComparison.Ordinal
        );

        ScoreShards.Plan(options with { Overwrite = true }, new ShardOptions { Size = 8 }, Token);
        Assert.Equal(6, Work(options, 0, 1).Done);
    }

    [Fact]
    public void A_plan_made_anew_takes_no_part_of_the_one_before()
    {
        ScoreOptions options = Options();
        Work(options, 0, 1);
        Dictionary<string, byte[]> before = new(bucket.Objects);
        ScoreOptions fewer = options with { Sources = [Path.Combine(options.Sources[0], "00*.bmp")] };

        ScoreShards.Plan(fewer with { Overwrite = true }, new ShardOptions { Size = 8 }, Token);
        // A process of the plan before that was frozen, and writes now.
        lock (bucket.Objects)
        {
            foreach ((string key, byte[] bytes) in before.Where(pair => pair.Key.Contains("/notes/", StringComparison.Ordinal)))
                bucket.Objects[key] = bytes;
        }

        Assert.Equal(ShardProblem.Missing, Assert.Throws<ShardException>(() => ScoreShards.Finish(fewer, cancel: Token)).Problem);
    }

    [Fact]
    public void A_plan_of_its_own_beside_the_table_is_in_the_way()
    {
        ScoreOptions options = Options();
        Work(options with { Parts = null }, 0, 3);

        Assert.Contains(
            "holds a plan of its own",
            Assert.Throws<ScoreException>(() => Work(options, 0, 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_service_that_takes_no_notice_of_conditions_is_refused_before_anything_is_planned()
    {
        bucket.Ignored.Add("If-None-Match");

        Assert.Contains(
            "the service takes no notice of If-None-Match",
            Assert.Throws<StorageException>(() => Work(Options(), 0, 1)).Message,
            StringComparison.Ordinal
        );
        Assert.Empty(Keys());
    }

    [Fact]
    public void A_shard_takes_ten_requests()
    {
        ScoreOptions options = Options();
        ScoreShards.Plan(options, new ShardOptions { Size = 8 }, Token);

        Dictionary<string, int> two = Asked(() => Work(options, 0, 3)),
            one = Asked(() => Work(options, 1, 6));

        Assert.Equal(
            new Dictionary<string, int>
            {
                ["PUT"] = 4,
                ["list"] = 2,
                ["GET"] = 1,
                ["HEAD"] = 2,
                ["DELETE"] = 1,
            },
            two.ToDictionary(pair => pair.Key, pair => pair.Value - one.GetValueOrDefault(pair.Key))
        );
        Assert.InRange(one.Values.Sum(), 10, 22);

        Dictionary<string, int> Asked(Action work)
        {
            bucket.Requests.Clear();
            work();
            return bucket
                .Requests.GroupBy(request => request.Key.Length == 0 ? "list" : request.Method)
                .ToDictionary(group => group.Key, group => group.Count());
        }
    }

    private ShardSummary Work(ScoreOptions options, int share, int shares) =>
        ScoreShards.Work(
            options,
            new ShardOptions
            {
                Share = new ShardShare(share, shares),
                Size = options.Parts is not null && bucket.Objects.ContainsKey("runs/a/plan.json") ? null : 8,
            },
            cancel: Token
        );

    private ScoreOptions Options(bool all = false)
    {
        string images = Directory.Exists(world["images"]) ? world["images"] : world.Images("images", Images, brokenEvery: 5);
        ScoreOptions options = ScoreRunTests.Options(world, images) with
        {
            KeepEmbeddings = true,
            Parts = new PartsBucket
            {
                Address = "s3://photos/runs/a",
                Service = new BucketOptions { Endpoint = bucket.Endpoint, Anonymous = true },
                Lease = new PartLease(TimeSpan.FromSeconds(60), TimeSpan.FromHours(1)),
            },
        };
        return all ? options with { ExtraScores = ["all"], CopySample = 30 } : options;
    }

    private Dictionary<string, byte[]> Plain(ScoreOptions options)
    {
        ScoringWorld.Score(options with { Parts = null });
        Dictionary<string, byte[]> files = Directory
            .EnumerateFiles(Path.GetDirectoryName(options.Output)!, "scores.*")
            .ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        foreach (string file in files.Keys)
            File.Delete(world[file]);
        return files;
    }

    private void Same(Dictionary<string, byte[]> whole, ScoreOptions options)
    {
        string folder = Path.GetDirectoryName(options.Output)!;
        Assert.Equal(
            whole.Keys.Order(StringComparer.Ordinal),
            Directory.EnumerateFileSystemEntries(folder, "scores.*").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)
        );
        foreach ((string name, byte[] bytes) in whole)
        {
            byte[] now = File.ReadAllBytes(world[name]);
            if (name == "scores.json")
                Assert.Equal(Untimed(bytes), Untimed(now));
            // A zip has the times of its entries.
            else if (name != "scores.intact.zip")
                Assert.True(bytes.AsSpan().SequenceEqual(now), $"{name} differs");
        }
    }

    private static string Untimed(byte[] provenance)
    {
        JsonNode node = JsonNode.Parse(provenance)!;
        node["seconds"] = 0;
        return node.ToJsonString();
    }

    // What SIGKILL leaves.
    private void Killed(int shard)
    {
        lock (bucket.Objects)
        {
            string key = $"{Root()}/attempts/{AttemptLog.NewName(shard)}.json";
            bucket.Objects[key] = ShardJson.Lines(new HeldRecord("host", 1, "1", DateTime.UnixEpoch, "x", 0));
            bucket.Changed[key] = now;
        }
    }

    private string Root() =>
        $"runs/a/{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bucket.Objects["runs/a/plan.json"]))[..16]}";

    private byte[] Object(string key)
    {
        lock (bucket.Objects)
            return bucket.Objects[$"{Root()}/{key}"];
    }

    private string[] Keys()
    {
        lock (bucket.Objects)
            return [.. bucket.Objects.Keys];
    }
}
