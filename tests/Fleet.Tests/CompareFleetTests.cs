// A comparison by workers as processes: whatever becomes of them, the tables are those of one process.

using System.Text.Json.Nodes;
using DataFreeKD.Distiller.Tests;
using DataFreeKD.EndToEnd.Tests;

namespace DataFreeKD.Fleet.Tests;

public sealed class CompareFleetTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private static readonly string[] Runs = ["kd/seed-0", "labels/seed-0", "kd/seed-1", "labels/seed-1"];

    private string Pool => Path.GetDirectoryName(world.Images)!;

    [Fact]
    public void Killed_frozen_and_stopped_workers_and_a_killed_coordinator_change_no_byte()
    {
        using NatsServer server = NatsServer.Start();
        string output = Path.Combine(Pool, "faults");
        string[] whole = Command("whole"),
            command = [.. Command("faults"), "--engine", server.Address, "--engine-lease", "3"];
        Programs.RunDfkd(whole).Succeeds();
        using Running first = Running.Start(command),
            killed = Worker(server);
        int taken = FreezeInTraining(killed, output, first);
        killed.Kill();
        using Running stopped = Worker(server);
        FreezeInTraining(stopped, output, first);
        stopped.Thaw();
        stopped.End().Succeeds();
        first.Kill();
        using Running second = Running.Start(command),
            frozen = Worker(server);
        int held = FreezeInTraining(frozen, output, second);
        using Running last = Worker(server);
        // The frozen one holds its run; the other does the rest, and then waits for it.
        Assert.True(
            SpinWait.SpinUntil(
                () => second.HasEnded || Enumerable.Range(0, Runs.Length).All(run => run == held || IsDone(output, run)),
                Limit
            ),
            "the other runs were not done"
        );
        Assert.False(second.HasEnded);
        Assert.False(IsDone(output, held));
        frozen.Thaw();

        Finished end = second.Ended().Succeeds();
        Assert.Contains("| labels |", end.Output, StringComparison.Ordinal);
        foreach (string name in (string[])["results.csv", "results.json"])
            Assert.Equal(File.ReadAllText(Path.Combine(Pool, "whole", name)), File.ReadAllText(Path.Combine(output, name)));
        foreach (string run in Runs)
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(Pool, "whole", run, "model.safetensors")),
                File.ReadAllBytes(Path.Combine(output, run, "model.safetensors"))
            );
        // The killed one's run was gone on with.
        Assert.True((int)JsonNode.Parse(File.ReadAllText(Path.Combine(output, Runs[taken] + ".json")))!["resumed_from"]! > 0);
        Assert.False(Directory.Exists(output + ".parts"));
        frozen.End().Succeeds();
        last.End().Succeeds();
    }

    [Fact]
    public void Shares_on_the_command_line_end_with_the_bytes_of_one_process_and_a_finish_names_what_is_missing()
    {
        string output = Path.Combine(Pool, "shares");
        Programs.RunDfkd(Command("plain")).Succeeds();
        Finished share = Programs.RunDfkd([.. Command("shares"), "--shard", "1/2"]).Succeeds();
        Assert.Contains("2 of 4 runs are finished", share.Output + share.Error, StringComparison.Ordinal);
        Finished missing = Programs.RunDfkd([.. Command("shares"), "--finish"]);
        Assert.Equal(3, missing.Code);
        Assert.Contains("2 of 4 runs are missing: kd/0, kd/1;", missing.Error, StringComparison.Ordinal);
        Assert.Contains(
            "for --threads 1 and",
            Programs.RunDfkd([.. Command("shares", threads: 2), "--shard", "0/2"]).Refuses(),
            StringComparison.Ordinal
        );
        Programs.RunDfkd([.. Command("shares"), "--shard", "0/2"]).Succeeds();
        Assert.Contains("| labels |", Programs.RunDfkd([.. Command("shares"), "--finish"]).Succeeds().Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(Pool, "plain/results.csv")), File.ReadAllText(Path.Combine(output, "results.csv")));
        Assert.False(Directory.Exists(output + ".parts"));
    }

    [Theory]
    [InlineData("no engine at nats://127.0.0.1:9", "--engine", "nats://127.0.0.1:9")]
    [InlineData("exclude each other", "--engine", "nats://127.0.0.1:9", "--finish")]
    [InlineData("exclude each other", "--shard", "0/2", "--finish")]
    [InlineData("leave --overwrite out", "--shard", "0/2", "--overwrite")]
    [InlineData("--shard 2/2: shares are numbered from 0", "--shard", "2/2")]
    [InlineData("--retry-failed goes with --shard or --engine", "--retry-failed")]
    [InlineData("--engine-lease goes with --engine", "--engine-lease", "10")]
    [InlineData("--engine-credentials goes with --engine", "--engine-credentials", "worker.creds")]
    public void What_cannot_be_is_refused_in_one_line(string expected, params string[] more)
    {
        Assert.Contains(expected, Programs.RunDfkd([.. Command("refused"), .. more]).Refuses(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Pool, "refused")) || Directory.Exists(Path.Combine(Pool, "refused.parts")));
    }

    private Running Worker(NatsServer server) =>
        Running.Start("worker", "--engine", server.Address, "--root", Pool, "--stages", "compare", "--threads", "2");

    // Stops it while it is at a run that has a checkpoint, and gives the run.
    private static int FreezeInTraining(Running worker, string output, Running coordinator)
    {
        while (true)
        {
            int run = worker.FreezeAtShard(output, coordinator);
            string folder = Path.Combine(output, Runs[run]);
            if (File.Exists(Path.Combine(folder, "training/checkpoint.safetensors")) && !File.Exists(folder + ".json"))
                return run;
            worker.Thaw();
            Thread.Sleep(5);
        }
    }

    // Measured too.
    private static bool IsDone(string output, int run) =>
        Path.Combine(output, Runs[run] + ".json") is var record
        && File.Exists(record)
        && JsonNode.Parse(File.ReadAllText(record))!["tests"]!.AsObject().Count > 0;

    private string[] Command(string output, int threads = 1)
    {
        string recipes = Path.Combine(Pool, "recipes.yaml");
        File.WriteAllText(
            recipes,
            """
            seeds: [0, 1]
            tests:
              all: images
            defaults:
              selection: selected.csv
              teacher: teacher
              student: "vit:img=16,patch=4,dim=16,depth=2,heads=2"
              steps: 300
              batch-size: 16
              checkpoint-every: 20
            recipes:
              - name: kd
                loss: kd:T=2
                init: random
              - name: labels
                kind: train
                data: images
            """
        );
        return ["compare", recipes, "--threads", $"{threads}", "-o", Path.Combine(Pool, output)];
    }
}
