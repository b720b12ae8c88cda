// A cache by workers as processes: whatever becomes of them, the file is that of one process.

using System.Globalization;
using DataFreeKD.Distiller.Tests;
using DataFreeKD.EndToEnd.Tests;

namespace DataFreeKD.Fleet.Tests;

public sealed class CacheFleetTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private string Pool => Path.GetDirectoryName(world.Images)!;

    [Fact]
    public void A_killed_and_a_frozen_worker_and_a_killed_coordinator_change_no_byte()
    {
        using NatsServer server = NatsServer.Start();
        string output = Path.Combine(Pool, "faults.cache"),
            whole = Path.Combine(Pool, "whole.cache");
        string[] command =
        [
            .. Command("faults.cache", steps: 800),
            "--engine",
            server.Address,
            "--engine-lease",
            "3",
            "--shard-size",
            "1600",
        ];
        Programs.RunDfkd(Command("whole.cache", steps: 800)).Succeeds();
        using Running first = Running.Start(command),
            killed = Worker(server);
        killed.FreezeAtShard(output, first);
        killed.Kill();
        using Running frozen = Worker(server);
        int shard = frozen.FreezeAtShard(output, first);
        first.Kill();
        using Running second = Running.Start(command),
            last = Worker(server);
        Assert.True(
            SpinWait.SpinUntil(
                () =>
                    File.Exists(Path.Combine(output + ".parts", shard.ToString("D8", CultureInfo.InvariantCulture) + ".json"))
                    || File.Exists(output)
                    || second.HasEnded,
                Limit
            ),
            "the shard of the frozen worker was not taken over"
        );
        frozen.Thaw();

        second.Ended().Succeeds();
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(output));
        Assert.False(Directory.Exists(output + ".parts"));
        frozen.End().Succeeds();
        last.End().Succeeds();
    }

    [Fact]
    public void What_a_fleet_began_is_finished_by_shares_and_a_part_altered_meanwhile_is_computed_again()
    {
        string output = Path.Combine(Pool, "shares.cache");
        string[] command = Command("shares.cache", steps: 40);
        Programs.RunDfkd(Command("plain.cache", steps: 40)).Succeeds();
        using (NatsServer server = NatsServer.Start())
        {
            Programs.RunDfkd([.. command, "--plan", "--shard-size", "64"]).Succeeds();
            using Running coordinator = Running.Start([.. command, "--engine", server.Address]);
            Finished once = Programs.RunDfkd(
                "worker",
                "--engine",
                server.Address,
                "--root",
                Pool,
                "--stages",
                "cache",
                "--threads",
                "2",
                "--once"
            );
            Assert.Contains("1 shards, 64 rows", once.Succeeds().Output + once.Error, StringComparison.Ordinal);
            coordinator.Kill();
        }
        string part = Assert.Single(Directory.EnumerateFiles(output + ".parts", "*.part"));
        File.AppendAllText(part, "altered");
        Finished missing = Programs.RunDfkd([.. command, "--finish"]);
        Assert.Equal(3, missing.Code);
        Assert.Contains("9 of 10 shards are missing", missing.Error, StringComparison.Ordinal);
        Assert.Contains(
            "for --threads 1 and",
            Programs.RunDfkd([.. Command("shares.cache", steps: 40, threads: 2), "--shard", "0/2"]).Refuses(),
            StringComparison.Ordinal
        );
        Finished share = Programs.RunDfkd([.. command, "--shard", "0/1"]).Succeeds();
        Assert.Contains("is cut short or altered", share.Output + share.Error, StringComparison.Ordinal);
        Programs.RunDfkd([.. command, "--finish"]).Succeeds();
        Assert.Equal(File.ReadAllBytes(Path.Combine(Pool, "plain.cache")), File.ReadAllBytes(output));
        Assert.False(Directory.Exists(output + ".parts"));
    }

    [Theory]
    [InlineData("no engine at nats://127.0.0.1:9", "--engine", "nats://127.0.0.1:9")]
    [InlineData("exclude each other", "--shard", "0/2", "--finish")]
    [InlineData("leave --resume out", "--shard", "0/2", "--resume")]
    [InlineData("--plan --overwrite first", "--shard", "0/2", "--overwrite")]
    [InlineData("--shard 2/2: shares are numbered from 0", "--shard", "2/2")]
    [InlineData("--shard-size goes with --plan, --shard or --engine", "--shard-size", "64")]
    [InlineData("--retry-failed goes with --shard or --engine", "--retry-failed")]
    [InlineData("--shard-size 0", "--plan", "--shard-size", "0")]
    public void What_cannot_be_is_refused_in_one_line(string expected, params string[] more)
    {
        Assert.Contains(expected, Programs.RunDfkd([.. Command("refused.cache", steps: 4), .. more]).Refuses(), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Pool, "refused.cache")) || Directory.Exists(Path.Combine(Pool, "refused.cache.parts")));
    }

    private Running Worker(NatsServer server) =>
        Running.Start("worker", "--engine", server.Address, "--root", Pool, "--stages", "cache", "--threads", "2");

    private string[] Command(string output, int steps, int threads = 1) =>
        [
            "cache",
            world.Selection,
            "--teacher",
            world.Teacher,
            "--steps",
            $"{steps}",
            "--batch-size",
            "16",
            "--top-k",
            "2",
            "--threads",
            $"{threads}",
            "-o",
            Path.Combine(Pool, output),
        ];
}
