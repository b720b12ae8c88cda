// Closed and full standard streams, few file handles, no folder for temporary files: every verb ends with an exit code and at most a line,
// none aborts.

using System.Diagnostics;
using System.Text.Json;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class StreamTests(TinyWorld world)
{
    public static TheoryData<string> Verbs =>
        [
            "score",
            "crawl",
            "select",
            "pack",
            "report",
            "contact-sheet",
            "explain",
            "evaluate",
            "inspect",
            "export",
            "losses",
            "completion",
            "--help",
            "unknown",
        ];

    [Theory, MemberData(nameof(Verbs))]
    public void Notes_that_cannot_be_written_change_nothing(string verb)
    {
        using TempFolder folder = new();
        int expected = Shell(folder, "", Command(verb, folder["plain"])).Code;
        Assert.Equal((0, verb == "unknown"), (verb == "unknown" ? 0 : expected, expected == 2));
        foreach (string redirection in (string[])["2>&-", "2>/dev/full", "0<&- 2>&-"])
        {
            Finished ended = Shell(folder, redirection, Command(verb, folder[$"to{redirection.GetHashCode(StringComparison.Ordinal)}"]));
            Assert.True(ended.Code == expected, $"{redirection}: exit code {ended.Code} where {expected} was expected");
        }
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData(">/dev/full")]
    public void A_result_that_cannot_be_written_is_told(string redirection)
    {
        using TempFolder folder = new();
        foreach (string verb in (string[])["inspect", "select", "losses", "score"])
        {
            Finished ended = Shell(folder, redirection, [.. Command(verb, folder[verb]), "--json"]);
            Assert.Equal(1, ended.Code);
            Assert.Contains("error: standard output cannot be written", ended.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("unexpected", ended.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(40)]
    [InlineData(100)]
    [InlineData(255)]
    public void Too_few_file_handles_are_one_line(int handles)
    {
        using TempFolder folder = new();
        Finished ended = Shell(folder, "", Command("score", folder["few"]), $"ulimit -c 0; ulimit -n {handles};");
        Assert.Contains($"open {handles} files, and dfkd needs 256", ended.Refuses(), StringComparison.Ordinal);
        Shell(folder, "", Command("score", folder["enough"]), "ulimit -n 256;").Succeeds();
    }

    [Fact]
    public void A_working_folder_that_was_deleted_is_one_line()
    {
        using TempFolder folder = new();
        string before = $"mkdir {folder["gone"]}; cd {folder["gone"]}; rmdir {folder["gone"]};";
        foreach (string verb in (string[])["inspect", "score"])
            Assert.Contains(
                "the working folder was deleted",
                Shell(folder, "", Command(verb, folder[verb]), before).Refuses(),
                StringComparison.Ordinal
            );
    }

    [Theory]
    [InlineData("missing", "is not there")]
    [InlineData("file", "is a file")]
    public void A_folder_for_temporary_files_that_cannot_be_used_is_named(string kind, string expected)
    {
        using TempFolder folder = new();
        if (kind == "file")
            File.WriteAllText(folder["file"], "");
        foreach (string verb in (string[])["score", "contact-sheet"])
        {
            string line = Shell(folder, "", [.. Command(verb, folder[verb]), "--quiet"], $"export TMPDIR={folder[kind]};").Refuses();
            Assert.Contains(expected, line, StringComparison.Ordinal);
            Assert.Contains("TMPDIR", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Names_that_move_a_terminal_are_never_printed_and_json_stays_valid()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "takes no such names");
        using TempFolder folder = new();
        const string Name = "a\u001b[2J\r\u0007\u202eb";
        string pool = folder[Name],
            image = Directory.EnumerateFiles(world.Test, "*", SearchOption.AllDirectories).First();
        Directory.CreateDirectory(pool);
        File.Copy(image, Path.Combine(pool, $"{Name}.png"));
        File.WriteAllText(folder[$"{Name}.csv"], $"path,{Name}\n{Name}.png,{Name}\n");
        string[][] commands =
        [
            ["score", pool, "--teacher", world.Teacher, "-o", folder["a.csv"], "--json"],
            ["score", pool, "--teacher", world.Teacher, "-o", folder[$"{Name}2.csv"], "-v"],
            ["score", folder[$"{Name}none"], "--teacher", world.Teacher, "-o", folder["b.csv"], "-v"],
            ["score", pool, "--teacher", folder[Name + "none"], "-o", folder["c.csv"], "-v"],
            ["crawl", pool, "-o", folder["store"], "--json"],
            ["crawl", folder[$"{Name}.csv"], "-o", folder["store2"]],
            ["explain", Path.Combine(pool, $"{Name}.png"), "--teacher", world.Teacher],
            ["select", folder[$"{Name}.csv"], "--budget", "1", "-o", folder["d.csv"]],
            ["inspect", folder[$"{Name}.csv"]],
            ["run", folder[$"{Name}.csv"]],
            [Name],
            ["score", $"--{Name}"],
        ];
        foreach (string[] command in commands)
        {
            Finished ended = Programs.RunDfkd(command);
            Assert.DoesNotContain((ended.Output + ended.Error).Replace("\n", "", StringComparison.Ordinal), letter =>
                char.IsControl(letter) && letter != '\t' || letter == '\u202e'
            );
            Assert.DoesNotContain("unexpected", ended.Error, StringComparison.Ordinal);
            if (command.Contains("--json"))
                JsonDocument.Parse(ended.Succeeds().Output).Dispose();
        }
    }

    private string[] Command(string verb, string output) =>
        verb switch
        {
            "score" => ["score", world.Test, "--teacher", world.Teacher, "-o", output + ".csv"],
            "crawl" => ["crawl", world.Test, "-o", output],
            "select" => ["select", world.Scores, "--budget", "20", "-o", output + ".csv"],
            "pack" => ["pack", world.Selected, "--to", "csv", "-o", output + ".csv"],
            "report" => ["report", world.Scores, "-o", output + ".html"],
            "contact-sheet" => ["contact-sheet", world.Scores, "-o", output + ".png", "--count", "4"],
            "explain" =>
            [
                "explain",
                Directory.EnumerateFiles(world.Test, "*", SearchOption.AllDirectories).First(),
                "--teacher",
                world.Teacher,
                "-o",
                output + ".png",
            ],
            "evaluate" => ["evaluate", world.Teacher, "--data", world.Test],
            "inspect" => ["inspect", world.Teacher],
            "export" => ["export", world.Teacher, "--onnx", output + ".onnx"],
            "losses" => ["losses"],
            "completion" => ["completion", "bash"],
            _ => [verb],
        };

    // What a shell redirects and limits, .NET's Process cannot.
    private static Finished Shell(TempFolder folder, string redirection, string[] command, string before = "")
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "closes streams by a shell");
        string output = folder[Guid.NewGuid().ToString("N")],
            error = folder[Guid.NewGuid().ToString("N")];
        string kept =
            redirection.Contains("2>", StringComparison.Ordinal) ? $"> {output}"
            : redirection.Length == 0 ? $"> {output} 2> {error}"
            : $"2> {error}";
        ProcessStartInfo start = new("bash", ["-c", $"{before} exec \"$@\" {kept} {redirection}", "bash", Programs.Dfkd, .. command]);
        using Process process = Process.Start(start)!;
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(4)), $"{string.Join(' ', command)} did not end");
        return new(process.ExitCode, Read(output), Read(error));
    }

    private static string Read(string path) => File.Exists(path) ? File.ReadAllText(path) : "";
}
