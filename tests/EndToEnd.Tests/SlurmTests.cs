// The samples of Slurm on a real Slurm.

using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class SlurmTests(TinyWorld world)
{
    [Fact]
    public void An_array_with_a_requeued_task_and_killed_daemons_ends_with_the_bytes_of_one_process()
    {
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.Avx2.IsSupported, "this processor has no AVX2");
        using SlurmNode slurm = SlurmNode.Start();
        using TempFolder folder = new();
        string table = folder["scores.csv"];
        string[] options = ["--cpus-per-task=1", $"--output={folder["%x-%A-%a.log"]}"],
            run = [Path.Combine(Programs.Root, "samples/slurm/score.sbatch"), world.Wild, world.Teacher, table];

        string plan = slurm.Submit([.. options, .. run, "plan", "--shard-size", "32"]),
            array = slurm.Submit([.. options, $"--dependency=afterok:{plan}", "--array=0-2", .. run, "shard"]),
            finish = slurm.Submit([.. options, $"--dependency=afterok:{array}", .. run, "finish"]);
        DateTime submitted = DateTime.UtcNow;
        SlurmNode.Until(() => slurm.States(array).Any(state => state is "RUNNING" or "COMPLETED"), Log);
        slurm.ReplaceController(submitted);
        slurm.ReplaceNode();
        // As preemption does it. Slurm lets a task that was requeued wait for two minutes, unless it is told to start.
        SlurmNode.Until(() => slurm.Command("scontrol", "requeue", $"{array}_0").Code == 0, Log);
        SlurmNode.Until(
            () =>
            {
                slurm.Command("scontrol", "update", $"JobId={array}_0", "StartTime=now");
                return slurm.States(finish).Contains("COMPLETED");
            },
            Log
        );

        Programs
            .RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["one.csv"], "--numerics", "avx2", "--threads", "1")
            .Succeeds();
        Assert.Equal(File.ReadAllBytes(folder["one.csv"]), File.ReadAllBytes(table));

        string Log() =>
            slurm.Command("squeue", "-r", "-t", "all").Output
            + string.Join('\n', Directory.EnumerateFiles(folder.Path, "*.log").Select(file => $"{file}:\n{File.ReadAllText(file)}"));
    }
}
