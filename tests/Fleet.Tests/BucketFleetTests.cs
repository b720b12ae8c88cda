// Processes whose plan and parts lie in a bucket: whatever becomes of them, the table is that of one process.

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Core.Sharding;
using DataFreeKD.EndToEnd.Tests;
using DataFreeKD.Storage.Parts;
using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

public sealed class BucketFleetTests(FleetWorld world) : IAsyncLifetime
{
    // Open to whoever signs.
    private const string Place = "s3://closed/runs/";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly string[] Credentials = ["AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=open-sesame"];

    private FakeBucket bucket = null!;

    public async ValueTask InitializeAsync()
    {
        bucket = await FakeBucket.Start();
        bucket.PageSize = 1000;
    }

    public ValueTask DisposeAsync() => bucket.DisposeAsync();

    [Fact]
    public void A_killed_and_a_frozen_worker_and_a_killed_coordinator_change_no_byte()
    {
        using NatsServer server = NatsServer.Start();
        string table = world["bucket-faults/faults.csv"];
        string[] command =
        [
            .. world.ScoreSlowly(table),
            .. At("faults"),
            "--engine",
            server.Address,
            "--engine-lease",
            "3",
            "--shard-size",
            "20",
        ];
        using Running first = Running.StartIn(Credentials, command),
            killed = Worker(server);
        FreezeAtShard("faults", killed, first);
        killed.Kill();
        using Running frozen = Worker(server);
        int shard = FreezeAtShard("faults", frozen, first);
        first.Kill();
        using Running second = Running.StartIn(Credentials, command),
            last = Worker(server);
        // The engine's lease of the frozen one ends, and its shard is done by the other.
        Assert.True(
            SpinWait.SpinUntil(() => IsFinished("faults", shard) || File.Exists(table) || second.HasEnded, Limit),
            "the shard of the frozen worker was not taken over"
        );
        frozen.Thaw();

        second.Ended().Succeeds();
        world.Same(world.ScoreSlowly, table);
        Assert.Equal(["runs/faults/ended.json"], Keys("runs/faults/").Where(key => !key.Contains("/attempts/", StringComparison.Ordinal)));
        frozen.End().Succeeds();
        last.End().Succeeds();
    }

    [Fact]
    public void A_share_that_is_killed_is_done_by_the_same_share_again_beside_another()
    {
        string table = world["bucket-shares/shares.csv"];
        string[] command = [.. world.ScoreSlowly(table), .. At("shares"), "--shard-size", "20", "--shard"];
        Running.StartIn(Credentials, [.. command[..^1], "--plan"]).Ended().Succeeds();
        using (Running killed = Running.StartIn(Credentials, [.. command, "1/3"]))
        {
            FreezeAtShard("shares", killed, killed);
            killed.Kill();
        }
        string[] finish = [.. world.ScoreSlowly(table), .. At("shares"), "--finish"];
        Finished missing = Running.StartIn(Credentials, finish).Ended();
        Assert.Equal(3, missing.Code);
        Assert.False(File.Exists(table));

        using Running one = Running.StartIn(Credentials, [.. command, "0/2"]),
            two = Running.StartIn(Credentials, [.. command, "1/2"]);
        one.Ended().Succeeds();
        two.Ended().Succeeds();
        Running.StartIn(Credentials, finish).Ended().Succeeds();

        world.Same(world.ScoreSlowly, table);
        Finished late = Running
            .StartIn(Credentials, [.. world.ScoreSlowly(world["bucket-late/shares.csv"]), .. At("shares"), "--shard", "0/2"])
            .Ended();
        Assert.Contains("s3://closed/runs/shares: it was finished as", late.Refuses(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_takes_no_plan_of_another_prefix()
    {
        PoolRoot root = new(world.Pool, plans: ["s3://closed/runs"]);

        root.RequirePlan("s3://closed/runs");
        root.RequirePlan("s3://closed/runs/a");
        root.RequirePlan(world["scores.csv.parts"]);
        foreach (string other in (string[])["s3://closed/runs2/a", "s3://closed/run", "s3://other/runs/a"])
            Assert.Contains(
                $"{other} is not below a --parts of this worker",
                Assert.Throws<ShardRefusedException>(() => root.RequirePlan(other)).Message,
                StringComparison.Ordinal
            );
        Assert.Throws<ShardRefusedException>(() => new PoolRoot(world.Pool).RequirePlan("s3://closed/runs"));
    }

    [Fact]
    public void What_a_bucket_refuses_is_one_line_without_a_secret()
    {
        string[] command = world.Score(world["bucket-refused/a.csv"]);
        Assert.Contains("access denied", Refused("--parts", "s3://photos/locked/a", "--plan"), StringComparison.Ordinal);
        Assert.Contains("there is no such bucket", Refused("--parts", "s3://nowhere/a", "--plan"), StringComparison.Ordinal);
        bucket.Ignored.Add("If-None-Match");
        Assert.Contains("takes no notice of If-None-Match", Refused("--parts", Place + "a", "--plan"), StringComparison.Ordinal);
        bucket.Ignored.Clear();
        // A service that fails is no bad input: a scheduler may try again.
        bucket.Fault = _ => new BucketFault(500);
        Finished failing = Running.StartIn(Credentials, [.. command, "--parts", Place + "a", .. Endpoint, "--plan"]).Ended();
        Assert.True(failing.Code == 1, failing.Error);
        Assert.Contains("the service answers 500", Assert.Single(failing.Error.Trim().Split('\n')), StringComparison.Ordinal);
        bucket.Fault = _ => null;
        Assert.Empty(Keys("runs/a/"));

        string Refused(params string[] more)
        {
            bucket.Forbidden.Clear();
            foreach (string key in (string[])["locked/a/plan.json", "locked/a/ended.json", "locked/a/planning.json"])
                bucket.Forbidden.Add(key);
            string line = Running.StartIn(Credentials, [.. command, .. more, .. Endpoint]).Ended().Refuses();
            Assert.DoesNotContain("open-sesame", line, StringComparison.Ordinal);
            Assert.DoesNotContain("AKIDEXAMPLE", line, StringComparison.Ordinal);
            return line;
        }
    }

    [Theory]
    [InlineData("--parts goes with --plan, --shard, --finish, --engine or --resume", "--parts", "s3://b/a")]
    [InlineData("--parts /tmp/x: give s3://BUCKET/PREFIX", "--plan", "--parts", "/tmp/x")]
    [InlineData("s3://b: give s3://bucket/prefix", "--plan", "--parts", "s3://b")]
    public void A_place_that_is_none_is_refused_in_one_line(string expected, params string[] more)
    {
        string table = world[$"refused/{Guid.NewGuid():N}.csv"];
        Assert.Contains(expected, Programs.RunDfkd([.. world.Score(table), .. more]).Refuses(), StringComparison.Ordinal);
        Assert.False(File.Exists(table) || Directory.Exists(table + ".parts"));
    }

    [Theory]
    [InlineData("a crawl in shards keeps what it does in a folder", "crawl", "list.txt", "-o", "store", "--shard", "0/2")]
    [InlineData("a comparison in shards keeps what it does in a folder", "compare", "recipes.yaml", "-o", "runs", "--shard", "0/2")]
    public void What_needs_a_folder_says_so(string expected, params string[] args)
    {
        Finished end = Programs.RunDfkd([.. args, "--parts", "s3://b/a"]);
        Assert.Equal(2, end.Code);
        Assert.Contains(expected, end.Error, StringComparison.Ordinal);
    }

    private string[] Endpoint => ["--s3-endpoint", bucket.Endpoint.AbsoluteUri];

    private string[] At(string run) => ["--parts", Place + run, .. Endpoint];

    private Running Worker(NatsServer server) =>
        Running.StartIn(
            Credentials,
            ["worker", "--engine", server.Address, "--root", world.Pool, "--threads", "1", "--parts", Place.TrimEnd('/'), .. Endpoint]
        );

    // Stops it (SIGSTOP) while it is at a shard that nobody has finished.
    private int FreezeAtShard(string run, Running process, Running coordinator)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            Assert.False(process.HasEnded, process.HasEnded ? process.Ended().Error : "");
            Assert.False(coordinator.HasEnded, coordinator.HasEnded ? coordinator.Ended().Error : "");
            Assert.True(Stopwatch.GetElapsedTime(began) < Limit, "it never began a shard");
            Thread.Sleep(10);
            if (AtWork(run, process) is null)
                continue;
            process.Freeze();
            if (AtWork(run, process) is { } shard && !IsFinished(run, shard))
                return shard;
            process.Thaw();
        }
    }

    private int? AtWork(string run, Running process)
    {
        lock (bucket.Objects)
            return bucket
                .Objects.Where(pair =>
                    pair.Key.StartsWith($"runs/{run}/", StringComparison.Ordinal)
                    && pair.Key.Contains("/attempts/", StringComparison.Ordinal)
                    && ShardJson.Parse<HeldRecord>(pair.Value) is { Failure: null } held
                    // A child of env, which becomes the program.
                    && held.Process == process.Id
                )
                .Select(pair => (int?)int.Parse(pair.Key.Split('/')[^1].Split('.')[0], CultureInfo.InvariantCulture))
                .FirstOrDefault();
    }

    private bool IsFinished(string run, int shard) =>
        Keys($"runs/{run}/")
            .Any(key => key.EndsWith($"/notes/{shard.ToString("D8", CultureInfo.InvariantCulture)}.json", StringComparison.Ordinal));

    private string[] Keys(string prefix)
    {
        lock (bucket.Objects)
            return [.. bucket.Objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))];
    }
}
