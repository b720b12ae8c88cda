// Two processes on one output: the second is refused before it touches anything, and told who is at work.

using System.Diagnostics;
using System.Runtime.InteropServices;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class OwnerTests(TinyWorld world)
{
    private const string Small = "vit:img=32,patch=8,dim=16,depth=2,heads=1";

    public static TheoryData<string, string> Verbs => new()
    {
        { "score", "scores.csv" },
        { "crawl", "store" },
        { "select", "selected.csv" },
        { "distill", "student" },
        { "train", "model" },
        { "prune", "pruned" },
        { "cache", "teacher.cache" },
        { "pack", "shards" },
        { "report", "report.html" },
        { "export", "teacher.onnx" },
        { "compress", "compressed" },
    };

    [Theory]
    [MemberData(nameof(Verbs))]
    public void An_output_in_use_is_refused_and_left_as_it_is(string verb, string name)
    {
        using TempFolder folder = new();
        string line;
        using (OutputLock.Take(folder[name], "test"))
        {
            line = Programs.RunDfkd(Command(verb, folder[name])).Refuses();
            Assert.Equal([$".{name}.lock"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
        }
        Assert.Matches($@"{name} is being written by \S+ test \(process {Environment.ProcessId} on \S+ since [-0-9: ]+Z\); wait for it, or name another output", line);
    }

    [Fact]
    public async Task A_second_scoring_run_is_refused_also_to_resume_or_overwrite_and_the_first_ends_well()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "stops a process by a signal");
        using TempFolder folder = new();
        string[] command = Command("score", folder["scores.csv"]);
        using Process first = Programs.Start(Programs.Dfkd, [.. command, "--batch-size", "1"]);
        Task<string> output = first.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), error = first.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Wait(first, folder["scores.csv.parts/run.json"]);
        Assert.Equal(0, Signal(first.Id, Stop));
        try
        {
            foreach (string[] more in (string[][])[[], ["--resume"], ["--overwrite"]])
                Assert.Contains($"scores.csv is being written by dfkd score (process {first.Id} on ", Programs.RunDfkd([.. command, .. more]).Refuses(), StringComparison.Ordinal);
            Assert.True(File.Exists(folder["scores.csv.parts/run.json"]));
        }
        finally
        {
            Assert.Equal(0, Signal(first.Id, Continue));
        }
        await first.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(first.ExitCode == 0, await output + await error);
        Assert.Equal(File.ReadAllLines(world.Scores).Length, File.ReadAllLines(folder["scores.csv"]).Length);
        Assert.False(File.Exists(folder[".scores.csv.lock"]));
    }

    [Fact]
    public void A_killed_holder_does_not_block()
    {
        using TempFolder folder = new();
        string[] command = [.. Command("score", folder["scores.csv"]), "--batch-size", "1"];
        using (Process first = Programs.Start(Programs.Dfkd, command))
        {
            Wait(first, folder["scores.csv.parts/run.json"]);
            first.Kill();
            first.WaitForExit();
        }
        Assert.True(File.Exists(folder[".scores.csv.lock"]));
        Programs.RunDfkd([.. command, "--resume"]).Succeeds();
        Assert.False(File.Exists(folder[".scores.csv.lock"]));
    }

    [Fact]
    public void What_this_tool_did_not_write_is_neither_deleted_nor_replaced()
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(folder["scores.csv.parts"]);
        File.WriteAllText(folder["scores.csv.parts/thesis.txt"], "mine");
        Assert.Contains("thesis.txt", Programs.RunDfkd([.. Command("score", folder["scores.csv"]), "--overwrite"]).Refuses(), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder["scores.csv.parts/thesis.txt"]));

        foreach ((string verb, string name) in (ReadOnlySpan<(string, string)>)[("score", "photos.csv"), ("select", "photos.csv"), ("cache", "photos.cache")])
        {
            foreach (string mine in (string[])["""{"version": 3}""", "[1, 2]", "null", "not JSON"])
            {
                File.WriteAllText(folder["photos.json"], mine);
                Assert.Contains("photos.json is not this tool's", Programs.RunDfkd([.. Command(verb, folder[name]), "--overwrite"]).Refuses(), StringComparison.Ordinal);
                Assert.Equal(mine, File.ReadAllText(folder["photos.json"]));
            }
        }
    }

    [Theory]
    [InlineData("score")]
    [InlineData("crawl")]
    [InlineData("select")]
    [InlineData("distill")]
    [InlineData("cache")]
    [InlineData("pack")]
    [InlineData("report")]
    [InlineData("export")]
    [InlineData("compress")]
    public void An_empty_output_is_refused(string verb) => Assert.Contains("is no name of a file or folder", Programs.RunDfkd(Command(verb, "")).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("score", "scores.txt", "not a table format")]
    [InlineData("select", "selected", "not a table format")]
    public void A_name_that_is_no_table_is_refused_before_the_first_image(string verb, string name, string expected)
    {
        using TempFolder folder = new();
        Assert.Contains(expected, Programs.RunDfkd(Command(verb, folder[name])).Refuses(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private string[] Command(string verb, string output) => verb switch
    {
        "score" => ["score", world.Wild, "--teacher", world.Teacher, "-o", output],
        "crawl" => ["crawl", world.Wild, "-o", output],
        "select" => ["select", world.Scores, "--budget", "50", "-o", output],
        "distill" => ["distill", world.Selected, "--teacher", world.Teacher, "--student", Small, "--steps", "5", "-o", output],
        "train" => ["train", world.Train, "--model", Small, "--steps", "5", "-o", output],
        "prune" => ["prune", world.Teacher, world.Selected, "--params", "0.5", "-o", output],
        "cache" => ["cache", world.Selected, "--teacher", world.Teacher, "--steps", "5", "-o", output],
        "pack" => ["pack", world.Selected, "--to", "webdataset", "-o", output],
        "report" => ["report", world.Scores, "-o", output],
        "export" => ["export", world.Teacher, "--onnx", output],
        _ => ["compress", world.Wild, "--teacher", world.Teacher, "--minutes", "0", "-o", output],
    };

    private static void Wait(Process process, string file) =>
        Assert.True(SpinWait.SpinUntil(() => File.Exists(file) || process.HasExited, TimeSpan.FromMinutes(3)) && !process.HasExited, $"{file} never came");

    private const int Stop = 19, Continue = 18;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
