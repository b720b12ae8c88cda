// Several processes at one table: together they end with the bytes of one, whatever becomes of some of them.

using System.Diagnostics;
using System.Text.Json.Nodes;
using DataFreeKD.Testing;
using k8s;
using k8s.Models;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class ShardTests(TinyWorld world)
{
    [Fact]
    public async Task Processes_that_begin_at_once_share_one_plan_and_end_with_the_bytes_of_one()
    {
        using TempFolder folder = new();
        Whole(folder, "whole");
        Process[] shares =
        [
            .. Enumerable
                .Range(0, 3)
                .Select(share =>
                    Programs.Start(Programs.Dfkd, [.. Command(folder["shared/scores.csv"]), "--shard", $"{share}/3", "--shard-size", "128"])
                ),
        ];
        foreach (Process share in shares)
        {
            string error = await share.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await share.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(share.ExitCode == 0, error);
            share.Dispose();
        }
        Programs.RunDfkd([.. Command(folder["shared/scores.csv"]), "--finish"]).Succeeds();
        Same(folder, "whole", "shared");
    }

    [Fact]
    public void A_share_that_is_killed_loses_its_shard_alone_and_what_is_missing_is_named_with_code_3()
    {
        using TempFolder folder = new();
        Whole(folder, "whole");
        string[] command = Command(folder["shared/scores.csv"]);
        KillAt(folder, command, shard: 2);

        Finished early = Programs.RunDfkd([.. command, "--finish"]);
        Assert.True(early.Code == 3, early.Error);
        Assert.Contains("shards are missing: 2", Assert.Single(early.Error.Trim().Split('\n')), StringComparison.Ordinal);
        Programs.RunDfkd([.. command, "--shard", "0/1"]).Succeeds();
        Programs.RunDfkd([.. command, "--finish"]).Succeeds();
        Same(folder, "whole", "shared");
    }

    [Fact]
    public void A_killed_share_is_finished_by_resume_in_one_process()
    {
        using TempFolder folder = new();
        Whole(folder, "whole");
        string[] command = Command(folder["shared/scores.csv"]);
        KillAt(folder, command, shard: 1);
        Programs.RunDfkd([.. command, "--resume"]).Succeeds();
        Same(folder, "whole", "shared");
    }

    [Fact]
    public void A_shard_that_kills_its_process_each_time_is_left_out_and_the_others_are_finished()
    {
        using TempFolder folder = new();
        Whole(folder, "whole");
        string[] command = Command(folder["shared/scores.csv"]);
        for (int attempt = 0; attempt < 3; attempt++)
            KillAt(folder, command, shard: 0);

        Finished share = Programs.RunDfkd([.. command, "--shard", "0/1"]);
        Assert.True(share.Code == 1, share.Error);
        Assert.Contains("failed.json", share.Error, StringComparison.Ordinal);
        Assert.Single(JsonNode.Parse(File.ReadAllText(folder["shared/scores.csv.parts/failed.json"]))!.AsArray());
        Finished finish = Programs.RunDfkd([.. command, "--finish"]);
        Assert.True(finish.Code == 1, finish.Error);
        Assert.Contains("killed or crashed", finish.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["shared/scores.csv"]));

        Programs.RunDfkd([.. command, "--shard", "0/1", "--retry-failed"]).Succeeds();
        Programs.RunDfkd([.. command, "--finish"]).Succeeds();
        Same(folder, "whole", "shared");
    }

    [Fact]
    public async Task Two_containers_whose_processes_have_one_number_make_one_part()
    {
        string[] alone = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && File.Exists("/usr/bin/unshare") && Programs.Run("/usr/bin/unshare", [.. alone, "true"]).Code == 0,
            "this system allows no process namespaces (unshare --user --pid)"
        );
        using TempFolder folder = new();
        Whole(folder, "whole");
        string[] command = [.. Command(folder["shared/scores.csv"]), "--shard", "0/1", "--shard-size", "256"];
        Process[] both = [.. Enumerable.Range(0, 2).Select(_ => Programs.Start("/usr/bin/unshare", [.. alone, Programs.Dfkd, .. command]))];
        foreach (Process one in both)
        {
            string error = await one.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await one.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(one.ExitCode == 0, error);
            one.Dispose();
        }
        Programs.RunDfkd([.. Command(folder["shared/scores.csv"]), "--finish"]).Succeeds();
        Same(folder, "whole", "shared");
    }

    [Fact]
    public void Every_verb_that_takes_a_table_takes_a_table_folder()
    {
        using TempFolder folder = new();
        string[] command = Command(folder["scores.csv"]);
        Programs.RunDfkd([.. command, "--shard", "0/1", "--shard-size", "200"]).Succeeds();
        Programs.RunDfkd([.. command, "--finish", "--table-folder"]).Succeeds();
        string table = folder["scores.table"];
        Programs.RunDfkd([.. Command(folder["one/scores.csv"])]).Succeeds();

        Programs.RunDfkd("select", folder["one/scores.csv"], "--budget", "50", "-o", folder["one/selected.csv"]).Succeeds();
        // As a shell completes a folder's name.
        Programs.RunDfkd("select", table + "/", "--budget", "50", "-o", folder["one/again.csv"]).Succeeds();
        Assert.Equal(File.ReadAllText(folder["one/selected.csv"]), File.ReadAllText(folder["one/again.csv"]));
        Programs.RunDfkd("report", table, "--selection", folder["one/again.csv"], "-o", folder["report.html"]).Succeeds();
        Programs.RunDfkd("pack", table, "--to", "csv", "-o", folder["packed.csv"]).Succeeds();
        Programs.RunDfkd("contact-sheet", table, "-o", folder["sheet.png"]).Succeeds();
        Programs.RunDfkd("score", table, "--teacher", world.Teacher, "-o", folder["scored.csv"]).Succeeds();
        Programs.RunDfkd("crawl", table, "-o", folder["store"]).Succeeds();
        Programs
            .RunDfkd(
                "distill",
                table,
                "--teacher",
                world.Teacher,
                "--student",
                "vit:img=32,patch=8,dim=16,depth=2,heads=1",
                "-o",
                folder["student"],
                "--steps",
                "2",
                "--batch-size",
                "8"
            )
            .Succeeds();

        File.AppendAllText(Path.Combine(table, "00000001.csv"), "\n");
        Assert.Contains(
            "00000001.csv is cut short or altered",
            Programs.RunDfkd("select", table, "--budget", "50", "-o", folder["no.csv"]).Refuses(),
            StringComparison.Ordinal
        );
        File.Delete(Path.Combine(table, "index.json"));
        foreach (
            string[] verb in (string[][])
                [
                    ["select", table, "--budget", "50", "-o", folder["no.csv"]],
                    ["score", table, "--teacher", world.Teacher, "-o", folder["no.csv"]],
                    ["crawl", table, "-o", folder["no"]],
                ]
        )
            Assert.Contains("no index.json", Programs.RunDfkd(verb).Refuses(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_numeric_profile_is_held_to_and_told()
    {
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.Avx2.IsSupported, "this processor has no AVX2");
        using TempFolder folder = new();
        string[] command = [.. Command(folder["scores.csv"]), "--numerics", "avx2"];
        Programs.RunDfkd([.. Command(folder["whole/scores.csv"]), "--numerics", "avx2"]).Succeeds();
        Programs.RunDfkd([.. command, "--shard", "0/2", "--shard-size", "300"]).Succeeds();
        Assert.Contains(
            "is for --numerics avx2",
            Programs.RunDfkd([.. Command(folder["scores.csv"]), "--shard", "1/2"]).Refuses(),
            StringComparison.Ordinal
        );
        Programs.RunDfkd([.. command, "--shard", "1/2"]).Succeeds();
        JsonNode part = JsonNode.Parse(File.ReadAllText(folder["scores.csv.parts/00000000.json"]))!;
        Assert.Equal(("avx2", "avx2"), ((string?)part["numerics"], (string?)part["isa"]));
        Programs.RunDfkd([.. command, "--finish"]).Succeeds();
        Assert.Equal(Rows(folder["whole/scores.csv"]), Rows(folder["scores.csv"]));
        Assert.Equal("avx2", (string?)JsonNode.Parse(File.ReadAllText(folder["scores.json"]))!["options"]!["numerics"]);
    }

    [Fact]
    public void The_sample_for_Slurm_plans_scores_as_an_array_and_joins()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "needs bash");
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.Avx2.IsSupported, "this processor has no AVX2");
        using TempFolder folder = new();
        Task(0, "plan", "--shard-size", "300").Succeeds();
        for (int task = 3; task >= 1; task--)
            Task(task, "shard").Succeeds();
        Task(0, "finish").Succeeds();
        Assert.Equal(File.ReadLines(world.Scores).Count(), File.ReadLines(folder["scores.csv"]).Count());

        // What Slurm gives the tasks of --array=1-3.
        Finished Task(int task, string step, params string[] more) =>
            Programs.Run(
                "/usr/bin/env",
                [
                    $"PATH={Path.GetDirectoryName(Programs.Dfkd)}:{Environment.GetEnvironmentVariable("PATH")}",
                    .. task == 0
                        ? (string[])[]
                        : [$"SLURM_ARRAY_TASK_ID={task}", "SLURM_ARRAY_TASK_MIN=1", "SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_STEP=1"],
                    "/bin/bash",
                    Path.Combine(Programs.Root, "samples/slurm/score.sbatch"),
                    world.Wild,
                    world.Teacher,
                    folder["scores.csv"],
                    step,
                    .. more,
                ]
            );
    }

    [Theory]
    [InlineData(
        "cache",
        "IMAGES",
        "TEACHER",
        "OUT",
        "plan",
        "cache IMAGES --teacher TEACHER -o OUT --numerics avx2 --threads 4 --plan --top-k 5"
    )]
    [InlineData(
        "cache",
        "IMAGES",
        "TEACHER",
        "OUT",
        "shard",
        "cache IMAGES --teacher TEACHER -o OUT --numerics avx2 --threads 4 --shard env --top-k 5"
    )]
    [InlineData("compare", "RECIPES", "OUT", "finish", "", "compare RECIPES -o OUT --numerics avx2 --threads 4 --finish --top-k 5")]
    public void The_other_samples_for_Slurm_give_the_command(
        string verb,
        string one,
        string two,
        string three,
        string four,
        string expected
    )
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "needs bash");
        using TempFolder folder = new();
        string dfkd = folder["dfkd"];
        File.WriteAllText(dfkd, "#!/bin/sh\necho \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(dfkd, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Finished end = Programs.Run(
            "/usr/bin/env",
            [
                $"PATH={folder.Path}:{Environment.GetEnvironmentVariable("PATH")}",
                "SLURM_CPUS_PER_TASK=4",
                "/bin/bash",
                Path.Combine(Programs.Root, $"samples/slurm/{verb}.sbatch"),
                .. ((string[])[one, two, three, four]).Where(given => given.Length > 0),
                "--top-k",
                "5",
            ]
        );
        Assert.Equal(expected, end.Succeeds().Output.Trim());
    }

    [Theory]
    [InlineData("score")]
    [InlineData("cache")]
    [InlineData("compare")]
    public void The_samples_for_Kubernetes_give_options_that_there_are(string verb)
    {
        string help = Programs.RunDfkd(verb, "--help").Succeeds().Output;
        string[] lines = File.ReadAllLines(Path.Combine(Programs.Root, $"samples/k8s/{verb}.yaml"));
        string[] options = [.. lines.Where(line => line.Contains("- --", StringComparison.Ordinal)).Select(line => line.Trim(' ', '-'))];

        Assert.Contains("shard", options);
        Assert.Contains("finish", options);
        // Strictly: a field that Kubernetes does not know is an error.
        List<object> jobs = KubernetesYaml.LoadAllFromString(
            File.ReadAllText(Path.Combine(Programs.Root, $"samples/k8s/{verb}.yaml")),
            strict: true
        );
        Assert.Equal(2, jobs.Count);
        Assert.All(jobs, job => Assert.IsType<V1Job>(job));
        V1JobSpec shards = ((V1Job)jobs[0]).Spec;
        Assert.Equal("Indexed", shards.CompletionMode);
        Assert.Contains($"env/{shards.Completions}", shards.Template.Spec.Containers[0].Args);
        Assert.Equal(["FailIndex", "Ignore"], shards.PodFailurePolicy.Rules.Select(rule => rule.Action));
        Assert.All(options, option => Assert.Contains($"--{option}", help, StringComparison.Ordinal));
        // What a pod policy names is one of its containers.
        Assert.All(lines.Where(line => line.Contains("containerName:", StringComparison.Ordinal)), line =>
            Assert.Contains($"        - name: {line.Split(':')[1].Trim()}", lines)
        );
    }

    [Theory]
    [InlineData("exclude each other", "--shard", "0/2", "--finish")]
    [InlineData("leave --resume out", "--shard", "0/2", "--resume")]
    [InlineData("--plan --overwrite first", "--shard", "0/2", "--overwrite")]
    [InlineData("numbered from 0", "--shard", "2/2")]
    [InlineData("neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX", "--shard", "env")]
    [InlineData("--shard-size goes with", "--shard-size", "10")]
    [InlineData("--retry-failed goes with", "--finish", "--retry-failed")]
    [InlineData("--allow-failed-shards goes with", "--shard", "0/1", "--allow-failed-shards", "1")]
    [InlineData("--table-folder goes with", "--table-folder")]
    [InlineData("has no plan of shards", "--finish")]
    [InlineData("float32", "--numerics", "avx2", "--precision", "bf16")]
    public void Options_that_contradict_are_refused_in_one_line(string expected, params string[] more)
    {
        using TempFolder folder = new();
        Assert.Contains(expected, Programs.RunDfkd([.. Command(folder["scores.csv"]), .. more]).Refuses(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private string[] Command(string output) => ["score", world.Wild, "--teacher", world.Teacher, "--batch-size", "8", "-o", output];

    private void Whole(TempFolder folder, string name) => Programs.RunDfkd(Command(folder[$"{name}/scores.csv"])).Succeeds();

    // Shards of 256 take long enough to be met at work; the one that is not to be finished is the last that is begun.
    private static void KillAt(TempFolder folder, string[] command, int shard)
    {
        string attempts = folder["shared/scores.csv.parts/attempts"];
        HashSet<string> before = Directory.Exists(attempts) ? [.. Directory.EnumerateDirectories(attempts)] : [];
        KillTests.KillWhen(
            () =>
                Directory.Exists(attempts)
                && Directory
                    .EnumerateDirectories(attempts, $"{shard:D8}.*")
                    .Any(attempt => !before.Contains(attempt) && File.Exists(Path.Combine(attempt, "started.json"))),
            attempts,
            [.. command, "--shard", "0/1", .. before.Count == 0 ? (string[])["--shard-size", "256"] : []]
        );
    }

    private static void Same(TempFolder folder, string one, string other)
    {
        Assert.Equal(
            Directory.EnumerateFileSystemEntries(folder[one]).Select(Path.GetFileName).Order(StringComparer.Ordinal),
            Directory.EnumerateFileSystemEntries(folder[other]).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal(File.ReadAllBytes(folder[$"{one}/scores.csv"]), File.ReadAllBytes(folder[$"{other}/scores.csv"]));
        Assert.Equal(
            File.ReadAllBytes(folder[$"{one}/scores.embeddings.npy"]),
            File.ReadAllBytes(folder[$"{other}/scores.embeddings.npy"])
        );
        Assert.Equal(Untimed(folder[$"{one}/scores.json"]), Untimed(folder[$"{other}/scores.json"]));
    }

    private static string Untimed(string provenance)
    {
        JsonNode node = JsonNode.Parse(File.ReadAllText(provenance))!;
        node["seconds"] = 0;
        return node.ToJsonString();
    }

    // The tables lie in different folders, and so their paths differ.
    private static IEnumerable<string> Rows(string table) => File.ReadLines(table).Select(line => line[(line.IndexOf(',') + 1)..]);
}
