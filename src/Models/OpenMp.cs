// How the threads of libtorch's operators wait, and how many there are: OpenMP reads both from the environment, once, when libtorch is
// loaded.

using System.Globalization;
using System.Runtime.CompilerServices;

namespace DataFreeKD.Models;

/// <summary>Makes idle threads of libtorch give their core away (docs/adr/0026). Any use of this library does it; a program that calls
/// TorchSharp before it calls <see cref="Prepare"/> first.</summary>
internal static class OpenMp
{
    /// <summary>Whoever sets one of these has decided how threads wait.</summary>
    private static readonly string[] Waiting = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY"];

    private static readonly string[] Threads = ["OMP_NUM_THREADS", "MKL_NUM_THREADS"];

    private static int prepared;

    /// <summary>Sets what the user has not set; without effect once libtorch is loaded, or when called again.</summary>
    public static void Prepare()
    {
        if (Interlocked.Exchange(ref prepared, 1) != 0)
            return;
        try
        {
            foreach (
                (string name, string value) in Settings(Environment.GetEnvironmentVariable, Environment.ProcessorCount, AllowedProcessors())
            )
                NativeEnvironment.Set(name, value);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            // A system without a C library of that name: threads wait as its OpenMP has it.
        }
    }

    /// <summary>What is to be set.</summary>
    /// <param name="given">The environment.</param>
    /// <param name="processors">How many processors the process may use at a time: .NET counts a container's CPU quota, rounded up.</param>
    /// <param name="allowed">How many different ones it may run on, which is what OpenMP counts; null where that is not known.</param>
    internal static IEnumerable<(string Name, string Value)> Settings(Func<string, string?> given, int processors, int? allowed)
    {
        if (!Waiting.Any(name => given(name) is { Length: > 0 }))
            yield return ("OMP_WAIT_POLICY", "passive");
        // More threads than the quota has time for run and are stopped in turn, each waiting for the stopped ones.
        if (processors < allowed && !Threads.Any(name => given(name) is { Length: > 0 }))
            yield return ("OMP_NUM_THREADS", processors.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>How many processors a list such as <c>0-3,8</c> names; null for other text.</summary>
    internal static int? Count(string list)
    {
        int count = 0;
        foreach (string range in list.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = range.Split('-');
            if (
                ends.Length > 2
                || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last)
                || last < first
            )
                return null;
            count += last - first + 1;
        }
        return count;
    }

    private static int? AllowedProcessors()
    {
        const string field = "Cpus_allowed_list:";
        try
        {
            return
                OperatingSystem.IsLinux()
                && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal)) is { } line
                ? Count(line[field.Length..].Trim())
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

#pragma warning disable CA2255 // An initializer in a library: nothing else runs before a user of it touches libtorch through it.
    [ModuleInitializer]
    internal static void Start() => Prepare();
#pragma warning restore CA2255
}
