// A signal ends a verb, however it was started and whatever it waits for; a run in which nothing succeeded says so.

using System.Diagnostics;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class SignalTests(TinyWorld world)
{
    [Theory]
    [InlineData("INT", false)]
    [InlineData("INT", true)]
    [InlineData("TERM", true)]
    public async Task A_signal_ends_a_run_even_where_it_was_started_with_signals_ignored(string signal, bool ignored)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no such signals on Windows");
        using TempFolder folder = new();
        // Reading standard input never ends here: nothing in the stage looks at whether it may go on.
        string script = $"{(ignored ? "trap '' INT; " : "")}exec \"$0\" crawl - -o \"$1\"";
        ProcessStartInfo start = new("/bin/sh", ["-c", script, Programs.Dfkd, folder["store"]])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        while (!Directory.Exists(folder["store/.crawl"]) && !process.HasExited)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        using (Process kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {process.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);

        await process
            .WaitForExitAsync(TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.Equal((130, "interrupted"), (process.ExitCode, (await error).Trim()));
    }

    [Fact]
    public void A_run_in_which_nothing_succeeded_is_exit_code_1_with_the_commonest_reason()
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(folder["pool"]);
        for (int i = 0; i < 3; i++)
            File.WriteAllText(folder[$"pool/{i}.jpg"], "no image");
        File.WriteAllText(folder["pool/empty.jpg"], "");

        foreach (
            string[] command in (string[][])
                [
                    ["crawl", folder["pool"], "-o", folder["store"]],
                    ["score", folder["pool"], "--teacher", world.Teacher, "-o", folder["scores.csv"]],
                ]
        )
        {
            Finished finished = Programs.RunDfkd(command);
            Assert.Equal(1, finished.Code);
            Assert.Contains("failed/unknown_format (3)", finished.Error, StringComparison.Ordinal);
        }
        Assert.Equal(5, File.ReadAllLines(folder["store/manifest.csv"]).Length);
        Assert.Equal(5, File.ReadAllLines(folder["scores.csv"]).Length);
    }
}
