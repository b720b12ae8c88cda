// A Slurm of one node, as Debian has it, without systemd.

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

/// <summary>munged, slurmctld and slurmd in a folder of their own, killed at the end. Tests are skipped where they are not installed, or
/// not run by root.</summary>
internal sealed class SlurmNode : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly string controller,
        node;

    private SlurmNode(string munged, string controller, string node)
    {
        (this.controller, this.node) = (controller, node);
        foreach (string part in (string[])["state", "spool", "munge"])
            Directory.CreateDirectory(folder[part]);
        string key = folder["munge/key"],
            socket = folder["munge/socket"];
        File.WriteAllBytes(key, System.Security.Cryptography.RandomNumberGenerator.GetBytes(1024));
        foreach (string file in (string[])[key, folder["munge"]])
            Programs.Run("/bin/chmod", "go-rwx", file).Succeeds();
        // The socket is for all; the folders above it must not be writable for others.
        Programs.Run("/bin/chmod", "755", folder.Path).Succeeds();
        Programs
            .Run(
                munged,
                $"--key-file={key}",
                $"--socket={socket}",
                $"--pid-file={folder["munge/pid"]}",
                $"--log-file={folder["munge/log"]}",
                $"--seed-file={folder["munge/seed"]}",
                "--force"
            )
            .Succeeds();
        string host = Environment.MachineName.Split('.')[0];
        File.WriteAllText(folder["cgroup.conf"], "CgroupPlugin=cgroup/v1\n");
        File.WriteAllText(
            Configuration,
            $"""
            ClusterName=test
            SlurmctldHost={host}(127.0.0.1)
            SlurmUser=root
            SlurmdUser=root
            AuthType=auth/munge
            AuthInfo=socket={socket}
            CredType=cred/munge
            SlurmctldPort={FreePort()}
            SlurmdPort={FreePort()}
            StateSaveLocation={folder["state"]}
            SlurmdSpoolDir={folder["spool"]}
            SlurmctldPidFile={folder["controller.pid"]}
            SlurmdPidFile={folder["node.pid"]}
            SlurmctldLogFile={folder["controller.log"]}
            SlurmdLogFile={folder["node.log"]}
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_CPU
            SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
            ReturnToService=2
            MpiDefault=none
            NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
            PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP

            """
        );
        StartController();
        StartNode();
        Until(() => Command("sinfo", "-h", "-o", "%T").Output.Contains("idle", StringComparison.Ordinal), () => File.ReadAllText(folder["node.log"]));
    }

    private string Configuration => folder["slurm.conf"];

    public static SlurmNode Start()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Slurm's daemons are started by root, on Linux");
        string? munged = Find("munged"),
            controller = Find("slurmctld"),
            node = Find("slurmd");
        Assert.SkipWhen(
            munged is null || controller is null || node is null,
            "Slurm is not installed (Debian: apt-get install slurm-wlm munge)"
        );
        return new SlurmNode(munged!, controller!, node!);
    }

    /// <summary>Runs one of Slurm's commands, or a program that they start.</summary>
    public Finished Command(string program, params string[] args) =>
        Programs.Run(
            "/usr/bin/env",
            [
                $"SLURM_CONF={Configuration}",
                $"PATH={Path.GetDirectoryName(Programs.Dfkd)}:{Environment.GetEnvironmentVariable("PATH")}",
                program,
                .. args,
            ]
        );

    /// <summary>Submits a job and gives its number.</summary>
    public string Submit(params string[] args) => Command("sbatch", ["--parsable", .. args]).Succeeds().Output.Trim();

    /// <summary>The states of a job's tasks, finished ones too.</summary>
    public string[] States(string job) =>
        Command("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%T").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>SIGKILL to the controller once it has written down what was submitted, and another one.</summary>
    /// <param name="submitted">When that was.</param>
    public void ReplaceController(DateTime submitted)
    {
        Until(() => File.GetLastWriteTimeUtc(folder["state/job_state"]) > submitted, () => File.ReadAllText(folder["controller.log"]));
        Kill("controller.pid");
        StartController();
    }

    /// <summary>SIGKILL to the node's daemon, and another one; what it started goes on.</summary>
    public void ReplaceNode()
    {
        Kill("node.pid");
        StartNode();
    }

    public static void Until(Func<bool> condition, Func<string> otherwise)
    {
        long began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(4))
                Assert.Fail(otherwise());
            Thread.Sleep(100);
        }
    }

    public void Dispose()
    {
        Command("scancel", "--state=PENDING");
        Command("scancel", "--state=RUNNING", "--signal=KILL");
        Kill("controller.pid");
        Kill("node.pid");
        Kill("munge/pid");
        folder.Dispose();
    }

    private void StartController() => Programs.Run(controller, "-f", Configuration).Succeeds();

    private void StartNode() => Programs.Run(node, "-f", Configuration).Succeeds();

    private void Kill(string pidFile)
    {
        if (!File.Exists(folder[pidFile]) || !int.TryParse(File.ReadAllText(folder[pidFile]).Trim(), out int id))
            return;
        try
        {
            using Process daemon = Process.GetProcessById(id);
            daemon.Kill();
            daemon.WaitForExit(TimeSpan.FromSeconds(30));
        }
        catch (ArgumentException)
        {
            // It has ended.
        }
        File.Delete(folder[pidFile]);
    }

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Append("/usr/sbin")
            .Select(place => Path.Combine(place, program))
            .FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        return ((IPEndPoint)free.LocalEndpoint).Port;
    }
}
