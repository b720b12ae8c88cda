// Verbs without tensors must not pay for libtorch; a published command must find it.

using System.Diagnostics;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class LibtorchTests(TinyWorld world)
{
    [Fact]
    public void Selecting_never_maps_libtorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc/<pid>/maps is Linux's");
        using TempFolder folder = new();
        using Process process = Programs.Start(Programs.Dfkd, "select", world.Scores, "--budget", "50", "-o", folder["selected.csv"]);

        (HashSet<string> libraries, int looks, int code) = ProcessMaps.Watch(process);

        Assert.Equal(0, code);
        Assert.True(looks > 5, $"only {looks} looks at the maps");
        // The runtime itself shows that the maps were read.
        Assert.Contains(libraries, name => name.StartsWith("libcoreclr", StringComparison.Ordinal));
        Assert.DoesNotContain(libraries, IsTorch);
    }

    [Fact]
    public void Inspecting_a_model_maps_libtorch_so_the_watch_would_see_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc/<pid>/maps is Linux's");
        using Process process = Programs.Start(Programs.Dfkd, "inspect", world.Teacher);

        (HashSet<string> libraries, _, int code) = ProcessMaps.Watch(process);

        Assert.Equal(0, code);
        Assert.Contains(libraries, IsTorch);
    }

    [Fact]
    public void A_published_command_loads_libtorch()
    {
        using TempFolder folder = new();
        Programs
            .Run(
                "dotnet",
                "publish",
                Path.Combine(Programs.Root, "src", "Cli"),
                "-c",
                Programs.Configuration,
                "--no-build",
                "--no-restore",
                "-o",
                folder["app"],
                "--nologo",
                "-v",
                "quiet"
            )
            .Succeeds();

        Finished inspected = Programs
            .Run(Path.Combine(folder["app"], OperatingSystem.IsWindows() ? "dfkd.exe" : "dfkd"), "inspect", world.Teacher)
            .Succeeds();

        Assert.Contains("width 32", inspected.Output, StringComparison.Ordinal);
    }

    private static bool IsTorch(string library) =>
        library.Contains("torch", StringComparison.OrdinalIgnoreCase) && library.Contains(".so", StringComparison.Ordinal);
}
