// One training on several ranks ends with the bytes of one process, whatever becomes of one of them.

using System.Diagnostics;
using System.Runtime.InteropServices;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class RankTests(TinyWorld world)
{
    private const string Student = "vit:img=32,patch=8,dim=16,depth=2,heads=2";

    // SIGKILL leaves no time to say a word.
    private const int Kill = 9;

    private static readonly string? Mpirun = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "mpirun"))
        .FirstOrDefault(File.Exists);

    [Fact]
    public void One_two_and_four_ranks_end_with_the_weights_metrics_and_checkpoint_of_one_process()
    {
        using TempFolder folder = new();
        // Pruned from the teacher, so that ranks begin with what the first one makes; mixing goes across ranks.
        string[] recipe = ["--init", "teacher", "--mixup", "0.5", "--patch-dropout", "0.25", "--loss", "kd+hidden*0.1"];
        Programs.RunDfkd([.. Command(folder["one"]), .. recipe]).Succeeds();
        foreach (int ranks in (int[])[2, 4])
        {
            string output = folder[$"ranks-{ranks}"];
            Finished run = OnRanks(ranks, [.. Command(output), "--ranks", "mpi", .. recipe, "--json"]).Succeeds();
            Assert.StartsWith("{", run.Output, StringComparison.Ordinal);
            Assert.Single(run.Output.Trim().Split('\n'));
            Same(folder["one"], output);
        }
    }

    [Fact]
    public async Task A_killed_rank_ends_all_and_another_number_of_ranks_goes_on_to_the_same_end()
    {
        using TempFolder folder = new();
        string output = folder["broken"];
        Programs.RunDfkd(Long(folder["whole"])).Succeeds();
        // A run may be over before this test gets the processor again; then another is met in the middle.
        int tries = 0;
        while (!await MetAndKilled([.. Launch(2), .. Long(output), "--ranks", "mpi"], output))
        {
            Same(folder["whole"], output);
            Directory.Delete(output, recursive: true);
            Assert.True(++tries < 20, "no run was met in the middle");
        }
        Assert.False(File.Exists(Path.Combine(output, "model.safetensors")));
        OnRanks(4, [.. Long(output), "--ranks", "mpi", "--resume"]).Succeeds();
        Same(folder["whole"], output);

        string[] Long(string output) => [.. Command(output, steps: 60), "--init", "random", "--loss", "kd"];
    }

    [Fact]
    public void What_ranks_cannot_do_is_refused_in_one_line_of_one_rank()
    {
        using TempFolder folder = new();
        string[] ranks = [.. Command(folder["x"]), "--ranks", "mpi"];
        Refuses("has BatchNorm", 2, [.. Command(folder["x"], "resnet:depth=10,img=32,stem=3,width=8"), "--ranks", "mpi"]);
        Refuses("--microbatches 2 cannot be shared by 4 ranks", 4, [.. Command(folder["x"], microbatches: 2), "--ranks", "mpi"]);
        Refuses("there are 3 ranks", 3, ranks);
        Refuses("--via is several trainings", 2, [.. ranks, "--via", Student]);
        Assert.Contains("start it by mpirun", Programs.RunDfkd(ranks).Refuses(), StringComparison.Ordinal);
    }

    [Fact]
    public void Ranks_that_differ_are_refused_in_one_line_that_says_in_what()
    {
        using TempFolder folder = new();
        string[] one = [Programs.Dfkd, .. Command(folder["x"]), "--ranks", "mpi"];
        Finished run = Programs.Run(
            Mpi(),
            ["--allow-run-as-root", "--oversubscribe", "-n", "1", .. one, ":", "-n", "1", .. one, "--seed", "5"]
        );
        Assert.Contains("seed is '5' here and '0' at rank 0", Refused(run), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["x"]));
    }

    [Fact]
    public void The_sample_for_Slurm_trains_on_the_ranks_that_srun_starts()
    {
        using TempFolder folder = new();
        // Instead of Slurm's, which starts the program behind its options as ranks.
        string srun = folder["srun"];
        File.WriteAllText(
            srun,
            $"""
            #!/bin/bash
            while [[ $1 == -* ]]; do shift; done
            exec "{Mpi()}" --allow-run-as-root --oversubscribe -n 2 "$@"
            """
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(srun, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string[] more = ["--steps", "4", "--batch-size", "16", "--init", "random"];
        Programs
            .Run(
                "/usr/bin/env",
                [
                    $"PATH={folder.Path}:{Path.GetDirectoryName(Programs.Dfkd)}:{Environment.GetEnvironmentVariable("PATH")}",
                    "SLURM_CPUS_PER_TASK=1",
                    "/bin/bash",
                    Path.Combine(Programs.Root, "samples/slurm/distill.sbatch"),
                    world.Selected,
                    world.Teacher,
                    Student,
                    folder["student"],
                    .. more,
                ]
            )
            .Succeeds();
        string[] one = ["distill", world.Selected, "--teacher", world.Teacher, "--student", Student, "-o", folder["one"]];
        Programs.RunDfkd([.. one, .. more, "--microbatches", "8", "--threads", "1"]).Succeeds();
        Same(folder["one"], folder["student"]);
    }

    // Whether a rank was killed after the first checkpoint and before the end, and all ended.
    private static async Task<bool> MetAndKilled(string[] args, string output)
    {
        using Process run = Programs.Start(Mpi(), args);
        Task<string> said = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken),
            printed = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(
            SpinWait.SpinUntil(
                () => run.HasExited || File.Exists(Path.Combine(output, "training", "checkpoint.safetensors")),
                TimeSpan.FromMinutes(2)
            )
        );
        bool killed = SecondRank(run.Id) is { } rank && Native.Kill(rank, Kill) == 0;
        await run.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), CancellationToken.None);
        _ = (await said, await printed);
        Assert.True(killed || run.ExitCode == 0, $"exit code {run.ExitCode}: {await said}");
        return run.ExitCode != 0 && !File.Exists(Path.Combine(output, "model.safetensors"));
    }

    private string[] Command(string output, string student = Student, int microbatches = 8, int steps = 12) =>
        [
            "distill",
            world.Selected,
            "--teacher",
            world.Teacher,
            "-o",
            output,
            "--student",
            student,
            $"--steps={steps}",
            "--batch-size",
            "32",
            $"--microbatches={microbatches}",
            "--threads",
            "1",
            "--checkpoint-every",
            "5",
        ];

    private static string Mpi()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ranks are started by Open MPI as Debian has it");
        Assert.SkipWhen(Mpirun is null, "mpirun is not installed (Debian: apt-get install openmpi-bin)");
        return Mpirun!;
    }

    private static string[] Launch(int ranks) =>
        ["--allow-run-as-root", "--oversubscribe", "-n", ranks.ToString(System.Globalization.CultureInfo.InvariantCulture), Programs.Dfkd];

    private static Finished OnRanks(int ranks, string[] command) => Programs.Run(Mpi(), [.. Launch(ranks), .. command]);

    private static void Refuses(string reason, int ranks, string[] command) =>
        Assert.Contains(reason, Refused(OnRanks(ranks, command)), StringComparison.Ordinal);

    // mpirun has words of its own.
    private static string Refused(Finished run)
    {
        Assert.True(run.Code == 2, $"exit code {run.Code} where 2 was expected\n{run.Error}");
        return Assert.Single(run.Error.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
    }

    private static void Same(string one, string other)
    {
        foreach (
            string name in (string[])["model.safetensors", "training/metrics.csv", "training/checkpoint.safetensors", "training/state.json"]
        )
            Assert.True(File.ReadAllBytes(Path.Combine(one, name)).SequenceEqual(File.ReadAllBytes(Path.Combine(other, name))), name);
    }

    // Of the children of mpirun, as their environment tells.
    private static int? SecondRank(int mpirun)
    {
        try
        {
            foreach (
                string task in File.ReadAllText($"/proc/{mpirun}/task/{mpirun}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            )
            {
                if (File.ReadAllText($"/proc/{task}/environ").Split('\0').Contains("OMPI_COMM_WORLD_RANK=1"))
                    return int.Parse(task, System.Globalization.CultureInfo.InvariantCulture);
            }
        }
        catch (IOException)
        {
            // Ended between two looks.
        }
        return null;
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "kill")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int process, int signal);
    }
}
