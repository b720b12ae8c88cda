// Runs a program where there is no network and no home, and sees what it tried.

using System.Globalization;
using System.Text.RegularExpressions;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

/// <summary>What a program did in a network namespace of its own, without a route to anywhere, and with an empty home.</summary>
/// <param name="Run">How it ended.</param>
/// <param name="Unrouted">Packets and connections that the kernel had no route for.</param>
/// <param name="Calls">System calls that look up a name or use a network, as strace wrote them; null where there is no strace.</param>
/// <param name="Left">Files left in the home.</param>
internal sealed partial record Watched(Finished Run, long Unrouted, IReadOnlyList<string>? Calls, IReadOnlyList<string> Left)
{
    // The kernel's counters are the namespace's own: they are read in it, after the program.
    private const string Shell = """counts=$1; shift; "$@"; code=$?; cat /proc/net/snmp /proc/net/snmp6 >"$counts"; exit $code""";

    /// <summary>Why nothing can be watched here; null where it can.</summary>
    public static string? Hindrance { get; } =
        OperatingSystem.IsLinux() && Works("unshare", "--map-root-user", "--net", "true")
            ? null
            : "needs unshare of util-linux, and the right to make a network namespace";

    private static bool Traceable { get; } = Hindrance is null && Works("strace", "-o", "/dev/null", "true");

    /// <summary>Runs a program to its end.</summary>
    public static Watched Of(string program, params string[] args)
    {
        using TempFolder folder = new();
        string home = Directory.CreateDirectory(folder["home"]).FullName,
            counts = folder["counts"],
            trace = folder["trace"];
        // Whoever runs the tests may have turned things off already, and programs of .NET leave marks of their own.
        string[] cleared =
        [
            "-u",
            "ORT_DISABLE_TELEMETRY",
            "-u",
            "XDG_CACHE_HOME",
            "-u",
            "XDG_DATA_HOME",
            "-u",
            "XDG_CONFIG_HOME",
            $"HOME={home}",
            "DOTNET_CLI_TELEMETRY_OPTOUT=1",
        ];
        string[] traced = Traceable ? ["strace", "-f", "-qq", "-o", trace, "-e", "trace=network,openat"] : [];
        Finished run = Programs.Run(
            "unshare",
            ["--map-root-user", "--net", "env", .. cleared, "sh", "-c", Shell, "sh", counts, .. traced, program, .. args]
        );
        return new Watched(
            run,
            Unroutable(File.ReadAllLines(counts)),
            Traceable ? [.. File.ReadLines(trace).Where(line => Telling().IsMatch(line))] : null,
            [.. Directory.EnumerateFiles(home, "*", SearchOption.AllDirectories)]
        );
    }

    /// <summary>Fails unless the program looked up no name, tried no connection and left no file.</summary>
    public Watched KeptToItself()
    {
        Assert.Empty(Left);
        Assert.Empty(Calls ?? []);
        Assert.Equal(0, Unrouted);
        return this;
    }

    // Each protocol has a line of names and then one of figures.
    private static long Unroutable(string[] counts)
    {
        int ip = Array.FindIndex(counts, line => line.StartsWith("Ip:", StringComparison.Ordinal));
        int column = Array.IndexOf(counts[ip].Split(' '), "OutNoRoutes");
        string six = counts.Single(line => line.StartsWith("Ip6OutNoRoutes", StringComparison.Ordinal));
        return long.Parse(counts[ip + 1].Split(' ')[column], CultureInfo.InvariantCulture)
            + long.Parse(six.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static bool Works(string program, params string[] args)
    {
        try
        {
            return Programs.Run(program, args).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    // What resolves names, and what reaches another machine. Sockets that listen, or of this machine alone, are none of it.
    [GeneratedRegex(@"resolv\.conf|nscd|io\.systemd\.Resolve|(connect|sendto|sendmsg|sendmmsg)\(.*AF_INET")]
    private static partial Regex Telling();
}
