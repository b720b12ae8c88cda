// Coordinator and workers as processes: whatever becomes of them, the table is that of one process.

using System.Text.Json.Nodes;
using DataFreeKD.EndToEnd.Tests;

namespace DataFreeKD.Fleet.Tests;

public sealed class FleetTests(FleetWorld world)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public void Three_workers_end_with_the_bytes_of_one_process()
    {
        using NatsServer server = NatsServer.Start();
        Running[] workers = [.. Enumerable.Range(0, 3).Select(_ => Running.Worker(server, world))];
        try
        {
            foreach (string name in (string[])["scores.csv", "scores.parquet"])
            {
                string table = world[$"three-{Path.GetExtension(name)[1..]}/{name}"];
                Programs.RunDfkd([.. world.Score(table), "--engine", server.Address, "--shard-size", "60"]).Succeeds();
                world.Same(output => world.Score(output), table);
            }
            JsonNode status = JsonNode.Parse(
                Programs.RunDfkd("engine", "status", server.Address, "--json", "--wait", "10").Succeeds().Output
            )!;
            Assert.Empty(status["runs"]!.AsArray());
            Assert.Equal(3, status["workers"]!.AsArray().Count);
            // Each shard counts where it was acknowledged.
            Assert.InRange(status["workers"]!.AsArray().Sum(worker => (int)worker!["shards"]!), 16, 32);
            foreach (Running worker in workers)
                Assert.Equal(0, worker.End().Code);
        }
        finally
        {
            Array.ForEach(workers, worker => worker.Dispose());
        }
    }

    [Fact]
    public void Killed_workers_a_killed_server_a_killed_coordinator_and_a_frozen_worker_change_no_byte()
    {
        using NatsServer server = NatsServer.Start();
        string table = world["faults/faults.csv"];
        string[] command = [.. world.ScoreSlowly(table), "--engine", server.Address, "--engine-lease", "3", "--shard-size", "20"];
        using Running first = Running.Start(command),
            killed = Running.Worker(server, world);
        killed.FreezeAtShard(table, first);
        killed.Kill();
        using Running frozen = Running.Worker(server, world);
        int shard = frozen.FreezeAtShard(table, first);
        server.Kill();
        server.Restart();
        first.Kill();
        using Running second = Running.Start(command),
            last = Running.Worker(server, world);
        // The lease of the frozen one ends, and its shard is done by the other.
        Assert.True(
            SpinWait.SpinUntil(() => File.Exists($"{table}.parts/{shard:D8}.json") || File.Exists(table) || second.HasEnded, Limit),
            "the shard of the frozen worker was not taken over"
        );
        frozen.Thaw();

        second.Ended().Succeeds();
        world.Same(world.ScoreSlowly, table);
        frozen.End().Succeeds();
        last.End().Succeeds();
    }

    [Fact]
    public void Shards_that_fail_or_kill_their_worker_are_named_the_others_finished_and_mended_they_give_the_table()
    {
        using NatsServer server = NatsServer.Start();
        string list = world["list.csv"],
            table = world["poison/list.csv"];
        string[] rows = [.. Directory.EnumerateFiles(world.Images).Order(StringComparer.Ordinal)];
        File.WriteAllLines(list, ["path", .. rows]);
        world.Plain(output => world.Score(output, list), "list.csv");
        string[] command = [.. world.Score(table, list), "--engine", server.Address, "--engine-lease", "3"];
        Programs.RunDfkd([.. world.Score(table, list), "--plan", "--shard-size", "120"]).Succeeds();
        // The last shard's rows changed since the plan, which no attempt can mend; the others lost two workers each.
        File.WriteAllLines(list, ["path", .. rows[..^1], rows[0]]);
        for (int shard = 0; shard < 3; shard++)
            Died(table, shard, times: 2);
        using Running coordinator = Running.Start(command);
        int poison;
        using (Running killed = Running.Worker(server, world))
        {
            poison = killed.FreezeAtShard(table, coordinator);
            killed.Kill();
        }
        using Running worker = Running.Worker(server, world);

        Finished end = coordinator.Ended();
        Assert.True(end.Code == 1, end.Error);
        Assert.Contains("shards failed", end.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(table));
        int[] expected = poison == 3 ? [3] : [poison, 3];
        int[] failed =
        [
            .. JsonNode.Parse(File.ReadAllText(table + ".parts/failed.json"))!.AsArray().Select(entry => (int)entry!["shard"]!),
        ];
        Assert.Equal(expected, failed);
        Assert.Equal(4 - expected.Length, Directory.GetFiles(table + ".parts", "????????.json").Count(IsNote));
        // Not tried again unless asked for.
        Assert.Equal(1, Programs.RunDfkd(command).Code);

        // A part that is altered meanwhile is found at the end, and computed again.
        File.AppendAllText($"{table}.parts/{Enumerable.Range(0, 4).Except(expected).First():D8}.part", "altered");
        File.WriteAllLines(list, ["path", .. rows]);
        Programs.RunDfkd([.. command, "--retry-failed"]).Succeeds();
        world.Same(output => world.Score(output, list), table);
        worker.End().Succeeds();
    }

    [Theory]
    [InlineData("no engine at nats://127.0.0.1:9", "--engine", "nats://127.0.0.1:9")]
    [InlineData("anyone could queue work there", "--engine", "nats://192.0.2.1:4222")]
    [InlineData("leave --plan, --shard and --finish out", "--engine", "nats://127.0.0.1:9", "--plan")]
    [InlineData("leave --resume out", "--engine", "nats://127.0.0.1:9", "--resume")]
    [InlineData("--plan --overwrite first", "--engine", "nats://127.0.0.1:9", "--overwrite")]
    [InlineData("--engine-credentials goes with --engine", "--engine-credentials", "worker.creds")]
    [InlineData("--engine-lease goes with --engine", "--engine-lease", "10")]
    public void A_coordinator_that_cannot_be_is_refused_in_one_line(string expected, params string[] more)
    {
        string table = world[$"refused/{Guid.NewGuid():N}.csv"];
        Assert.Contains(expected, Programs.RunDfkd([.. world.Score(table), .. more]).Refuses(), StringComparison.Ordinal);
        Assert.False(File.Exists(table) || Directory.Exists(table + ".parts"));
    }

    [Theory]
    [InlineData("no engine at nats://127.0.0.1:9", "worker", "--engine", "nats://127.0.0.1:9", "--root", "/")]
    [InlineData("there is no such folder", "worker", "--engine", "nats://127.0.0.1:9", "--root", "/none/such")]
    [InlineData(
        "expected score, cache, compare or crawl",
        "worker",
        "--engine",
        "nats://127.0.0.1:9",
        "--root",
        "/",
        "--stages",
        "score,select"
    )]
    [InlineData("no engine at nats://127.0.0.1:9", "engine", "status", "nats://127.0.0.1:9")]
    [InlineData("see dfkd engine status --help", "engine", "status")]
    public void A_worker_or_a_question_without_an_engine_is_refused_in_one_line(string expected, params string[] args) =>
        Assert.Contains(expected, Programs.RunDfkd(args).Refuses(), StringComparison.Ordinal);

    private static bool IsNote(string file) => char.IsAsciiDigit(Path.GetFileName(file)[0]);

    // What a process leaves that was killed at a shard.
    private static void Died(string table, int shard, int times)
    {
        for (int time = 0; time < times; time++)
        {
            string attempt = Directory.CreateDirectory($"{table}.parts/attempts/{shard:D8}.{Guid.NewGuid():N}").FullName;
            File.WriteAllText(
                Path.Combine(attempt, "started.json"),
                """{ "host": "gone", "process": 1, "version": "1", "since": "2026-01-01T00:00:00Z" }"""
            );
        }
    }
}
