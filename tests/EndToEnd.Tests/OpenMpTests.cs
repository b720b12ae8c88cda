// Idle threads of libtorch must not take the cores of other processes: asked of the OpenMP runtime itself, which tells what it read when it
// was loaded.

using System.Diagnostics;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class OpenMpTests(TinyWorld world)
{
    [Fact]
    public async Task Threads_of_the_command_wait_passively()
    {
        Assert.Contains("OMP_WAIT_POLICY = 'PASSIVE'", await Told(Programs.Dfkd, [], "inspect", world.Teacher), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Threads_of_a_program_on_the_libraries_wait_passively()
    {
        using TempFolder folder = new();

        string told = await Told(Programs.Sample("ScoreFolder"), [], world.Teacher, world.Test, folder["scores.csv"]);

        Assert.Contains("OMP_WAIT_POLICY = 'PASSIVE'", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_users_own_policy_wins()
    {
        Assert.Contains(
            "OMP_WAIT_POLICY = 'ACTIVE'",
            await Told(Programs.Dfkd, new() { ["OMP_WAIT_POLICY"] = "active" }, "inspect", world.Teacher),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "GOMP_SPINCOUNT = '12345'",
            await Told(Programs.Dfkd, new() { ["GOMP_SPINCOUNT"] = "12345" }, "inspect", world.Teacher),
            StringComparison.Ordinal
        );
    }

    /// <summary>What the OpenMP runtime of a program says, where the shell sets nothing but these.</summary>
    private static async Task<string> Told(string program, Dictionary<string, string> given, params string[] args)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "GCC's OpenMP is what libtorch brings on Linux");
        ProcessStartInfo start = new(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (
            string name in start
                .Environment.Keys.Where(name =>
                    name.StartsWith("OMP_", StringComparison.Ordinal)
                    || name.StartsWith("GOMP_", StringComparison.Ordinal)
                    || name.StartsWith("KMP_", StringComparison.Ordinal)
                )
                .ToArray()
        )
            start.Environment.Remove(name);
        foreach ((string name, string value) in given)
            start.Environment[name] = value;
        start.Environment["OMP_DISPLAY_ENV"] = "verbose";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        string told = await error;
        Assert.True(process.ExitCode == 0, $"{await output}\n{told}");
        return told;
    }
}
