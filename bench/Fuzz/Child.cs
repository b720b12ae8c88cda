// The process that reads inputs, one after the other, until its time is over.

using System.Diagnostics;

namespace DataFreeKD.Fuzz;

/// <summary>Reads inputs of one target. A native crash ends it; the parent starts the next behind the input that did it.</summary>
internal static class Child
{
    private const int KeptOfAKind = 3;

    public static void Run(Target target, long seed, long first, double seconds, string folder)
    {
        using Tally tally = new(Path.Combine(folder, "tally"));
        string file = Path.Combine(folder, "input" + target.Extension);
        Dictionary<string, int> kinds = new(StringComparer.Ordinal);
        Stopwatch clock = Stopwatch.StartNew();
        for (long number = first; clock.Elapsed.TotalSeconds < seconds; number++)
        {
            tally.Number = number;
            byte[] input = target.Input(seed, number);
            if (target.OnDisk)
                Write(file, input);
            long before = GC.GetTotalAllocatedBytes();
            try
            {
                if (number < target.Unchanged)
                    target.ReadWhole(input, file);
                else
                    target.Read(input, file);
                tally.Accepted++;
            }
            catch (Exception error) when (number >= target.Unchanged && Target.IsRefusal(error))
            {
                tally.Refused++;
            }
            catch (Exception error)
            {
                tally.Unexpected++;
                string kind =
                    $"{error.GetType().Name} {error.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("DataFreeKD", StringComparison.Ordinal))?.Trim()}";
                if ((kinds[kind] = kinds.GetValueOrDefault(kind) + 1) <= KeptOfAKind)
                    Keep(target, folder, number, input, error.ToString());
            }
            long allocated = GC.GetTotalAllocatedBytes() - before;
            if (allocated > tally.MostAllocated)
                (tally.MostAllocated, tally.MostAllocatedNumber) = (allocated, number);
            if (number % 64 == 0)
                tally.Peak = Math.Max(tally.Peak, Peak());
        }
        tally.Peak = Math.Max(tally.Peak, Peak());
    }

    // A file that is emptied and written again is flushed to the disk by ext4 when it is closed, which would take longer than reading it:
    // so it is written over, then cut.
    private static void Write(string file, byte[] input)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(
            file,
            FileMode.OpenOrCreate,
            FileAccess.Write,
            FileShare.ReadWrite
        );
        RandomAccess.Write(handle, input, 0);
        RandomAccess.SetLength(handle, input.Length);
    }

    /// <summary>Writes an input and what came of it beside the tally.</summary>
    public static void Keep(Target target, string folder, long number, byte[] input, string why)
    {
        string path = Path.Combine(folder, FormattableString.Invariant($"failed-{number}"));
        File.WriteAllBytes(path + target.Extension, input);
        File.WriteAllText(path + ".why.txt", why);
    }

    private static long Peak()
    {
        string? line = File.Exists("/proc/self/status")
            ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
            : null;
        return line is null
            ? Process.GetCurrentProcess().PeakWorkingSet64
            : 1024 * long.Parse(line.AsSpan(6, line.Length - 8).Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
