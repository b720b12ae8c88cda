// Two processes on one output: the second is refused before it touches anything, and told who is at work.

using System.Diagnostics;
using System.Runtime.InteropServices;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class OwnerTests(TinyWorld world)
{
    private const string Small = "vit:img=32,patch=8,dim=16,depth=2,heads=1";

    public static TheoryData<string, string> Verbs =>
        new()
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
            { "contact-sheet", "sheet.png" },
            { "explain", "map.png" },
            { "advise", "audit.csv" },
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
        Assert.Matches(
            $@"{name} is being written by \S+ test \(process {Environment.ProcessId} on \S+ since [-0-9: ]+Z\); wait for it, or name another output",
            line
        );
    }

    [Fact]
    public async Task A_second_scoring_run_is_refused_also_to_resume_or_overwrite_and_the_first_ends_well()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "stops a process by a signal");
        using TempFolder folder = new();
        string[] command = Command("score", folder["scores.csv"]);
        using Process first = Programs.Start(Programs.Dfkd, [.. command, "--batch-size", "1"]);
        Task<string> output = first.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            error = first.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Wait(first, folder["scores.csv.parts/run.json"]);
        Assert.Equal(0, Signal(first.Id, Stop));
        try
        {
            foreach (
                string[] more in (string[][])
                    [
                        [],
                        ["--resume"],
                        ["--overwrite"],
                    ]
            )
                Assert.Contains(
                    $"scores.csv is being written by dfkd score (process {first.Id} on ",
                    Programs.RunDfkd([.. command, .. more]).Refuses(),
                    StringComparison.Ordinal
                );
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
        Assert.Contains(
            "thesis.txt",
            Programs.RunDfkd([.. Command("score", folder["scores.csv"]), "--overwrite"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Equal("mine", File.ReadAllText(folder["scores.csv.parts/thesis.txt"]));

        foreach (
            (string verb, string name) in (ReadOnlySpan<(string, string)>)
                [("score", "photos.csv"), ("select", "photos.csv"), ("cache", "photos.cache")]
        )
        {
            foreach (string mine in (string[])["""{"version": 3}""", "[1, 2]", "null", "not JSON"])
            {
                File.WriteAllText(folder["photos.json"], mine);
                Assert.Contains(
                    "photos.json is not this tool's",
                    Programs.RunDfkd([.. Command(verb, folder[name]), "--overwrite"]).Refuses(),
                    StringComparison.Ordinal
                );
                Assert.Equal(mine, File.ReadAllText(folder["photos.json"]));
            }
        }
    }

    [Fact]
    public void Tables_that_differ_in_their_ending_alone_have_one_owner_and_one_provenance()
    {
        using TempFolder folder = new();
        using (OutputLock.Take(folder["scores.json"], "test"))
            Assert.Contains(
                "scores.json is being written by",
                Programs.RunDfkd(Command("score", folder["scores.csv"])).Refuses(),
                StringComparison.Ordinal
            );
        Programs.RunDfkd(Command("select", folder["selected.csv"])).Succeeds();
        string made = File.ReadAllText(folder["selected.json"]);
        Assert.Contains(
            "is the provenance of selected.csv",
            Programs.RunDfkd(Command("select", folder["selected.parquet"])).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Equal(made, File.ReadAllText(folder["selected.json"]));
        Programs.RunDfkd([.. Command("select", folder["selected.parquet"]), "--overwrite"]).Succeeds();
    }

    [Theory]
    [InlineData("score", "photos.csv", "photos.embeddings.npy")]
    [InlineData("score", "photos.csv", "photos.sample.csv")]
    [InlineData("score", "photos.csv", "photos.intact.zip")]
    [InlineData("select", "photos.csv", "photos.duplicates.csv")]
    [InlineData("score", "photos.csv", "photos.csv.parts/sample.csv")]
    [InlineData("score", "photos.csv", "photos.csv.parts/00000000.csv")]
    [InlineData("cache", "photos.cache", "photos.cache.part")]
    [InlineData("crawl", "store", "store/manifest.csv")]
    [InlineData("crawl", "store", "store/manifest.json")]
    [InlineData("pack", "shards", ".shards.packing/thesis.txt")]
    [InlineData("pack", "shards", "shards/thesis.txt")]
    [InlineData("distill", "student", "student/training/checkpoint.safetensors")]
    [InlineData("train", "model", "model/README.md")]
    [InlineData("prune", "pruned", "pruned/pruning/state.safetensors")]
    [InlineData("compress", "compressed", "compressed/scores.csv")]
    public void What_lies_where_a_run_would_write_and_is_not_its_own_is_refused_by_name(string verb, string output, string mine)
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(Path.GetDirectoryName(folder[mine])!);
        File.WriteAllText(folder[mine], "path,mine\n1,2\n");
        string[] command = Command(verb, folder[output]);
        foreach (
            string[] more in verb is "crawl" or "compress"
                ? (string[][])
                    [
                        [],
                    ]
                :
                [
                    [],
                    ["--overwrite"],
                ]
        )
        {
            string line = Programs.RunDfkd([.. command, .. more]).Refuses();
            Assert.True(
                line.Contains(Path.GetFileName(mine), StringComparison.Ordinal)
                    || line.Contains(folder[output], StringComparison.Ordinal)
                    || line.Contains(".shards.packing", StringComparison.Ordinal),
                line
            );
        }
        Assert.Equal("path,mine\n1,2\n", File.ReadAllText(folder[mine]));
        Assert.Equal([folder[mine]], Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Embeddings_that_are_named_and_there_are_not_replaced_unless_told()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["vectors.npy"], "mine");
        string[] command = [.. Command("score", folder["scores.csv"]), "--embeddings", folder["vectors.npy"]];
        Assert.Contains("vectors.npy exists", Programs.RunDfkd(command).Refuses(), StringComparison.Ordinal);
        using (OutputLock.Take(folder["vectors.npy"], "test"))
            Assert.Contains(
                "vectors.npy is being written by",
                Programs.RunDfkd([.. command, "--overwrite"]).Refuses(),
                StringComparison.Ordinal
            );
        Assert.Equal("mine", File.ReadAllText(folder["vectors.npy"]));
        Programs.RunDfkd([.. command, "--overwrite"]).Succeeds();
        Programs.RunDfkd([.. Command("score", folder["scores.csv"]), "--overwrite"]).Succeeds();
        Assert.True(File.Exists(folder["scores.embeddings.npy"]));
        Programs.RunDfkd([.. Command("score", folder["scores.csv"]), "--overwrite", "--embeddings", "none"]).Succeeds();
        Assert.False(File.Exists(folder["scores.embeddings.npy"]));
    }

    [Theory]
    [InlineData("contact-sheet", "sheet.png")]
    [InlineData("explain", "map.png")]
    [InlineData("report", "report.html")]
    [InlineData("export", "teacher.onnx")]
    public void A_file_that_is_there_is_not_replaced_unless_told(string verb, string name)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder[name], "mine");
        Assert.Contains("--overwrite", Programs.RunDfkd(Command(verb, folder[name])).Refuses(), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder[name]));
        Programs.RunDfkd([.. Command(verb, folder[name]), "--overwrite"]).Succeeds();
        Assert.NotEqual(4, new FileInfo(folder[name]).Length);
    }

    [Fact]
    public void A_page_to_answer_an_audit_on_is_not_replaced_unless_told()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["audit.html"], "mine");
        Assert.Contains("audit.html exists", Programs.RunDfkd(Command("advise", folder["audit.csv"])).Refuses(), StringComparison.Ordinal);
        Assert.Equal(["audit.html"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
        Programs.RunDfkd([.. Command("advise", folder["audit.csv"]), "--overwrite"]).Succeeds();
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
    public void An_empty_output_is_refused(string verb) =>
        Assert.Contains("is no name of a file or folder", Programs.RunDfkd(Command(verb, "")).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("score", "scores.txt", "not a table format")]
    [InlineData("select", "selected", "not a table format")]
    public void A_name_that_is_no_table_is_refused_before_the_first_image(string verb, string name, string expected)
    {
        using TempFolder folder = new();
        Assert.Contains(expected, Programs.RunDfkd(Command(verb, folder[name])).Refuses(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private string Image => Directory.EnumerateFiles(world.Test, "*", SearchOption.AllDirectories).First();

    private string[] Command(string verb, string output) =>
        verb switch
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
            "contact-sheet" => ["contact-sheet", world.Scores, "-o", output],
            "explain" => ["explain", Image, "--teacher", world.Teacher, "-o", output],
            "advise" => ["select", world.Scores, "--advise", output],
            _ => ["compress", world.Wild, "--teacher", world.Teacher, "--minutes", "0", "-o", output],
        };

    private static void Wait(Process process, string file) =>
        Assert.True(
            SpinWait.SpinUntil(() => File.Exists(file) || process.HasExited, TimeSpan.FromMinutes(3)) && !process.HasExited,
            $"{file} never came"
        );

    private const int Stop = 19,
        Continue = 18;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
