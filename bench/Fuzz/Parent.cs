// Starts a child for each target, watches it, and tells what came of all.

using System.Diagnostics;
using System.Globalization;

namespace DataFreeKD.Fuzz;

/// <summary>Options of a run.</summary>
/// <param name="Seconds">In all, shared by the targets.</param>
/// <param name="Seed">Of every mutator.</param>
/// <param name="Folder">Where inputs that failed are kept.</param>
/// <param name="Patience">Seconds that one input may take.</param>
internal sealed record FuzzOptions(double Seconds, long Seed, string Folder, double Patience);

/// <summary>What a target came to.</summary>
internal sealed record TargetResult(
    Target Target,
    long Tried,
    long Accepted,
    long Refused,
    long Unexpected,
    long Crashes,
    long Hangs,
    long MostAllocated,
    long MostAllocatedNumber,
    long Peak
);

/// <summary>Runs the targets one after the other.</summary>
internal static class Parent
{
    // Room for a runtime, libtorch and the decoders; beyond it an input has taken memory that it does not have.
    private const long HeapLimit = 1L << 30;

    // Times the patience for one input.
    private const int StartPatience = 10;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public static int Run(IReadOnlyList<Target> targets, FuzzOptions options)
    {
        List<TargetResult> results = [];
        foreach (Target target in targets)
        {
            TargetResult result = Run(target, options, options.Seconds / targets.Count);
            results.Add(result);
            Console.WriteLine(Line(target.Name, [result]));
        }
        Console.WriteLine();
        foreach (IGrouping<string, TargetResult> family in results.GroupBy(result => result.Target.Family))
            Console.WriteLine(Line(family.Key, [.. family]));
        Console.WriteLine(Line("all", results));
        bool clean = results.All(result => result.Unexpected + result.Crashes + result.Hangs == 0);
        Console.WriteLine(
            clean
                ? "no input failed"
                : $"inputs that failed are kept in {options.Folder}; `Fuzz replay TARGET NUMBER --seed {options.Seed}` reads one again"
        );
        return clean ? 0 : 1;
    }

    private static TargetResult Run(Target target, FuzzOptions options, double seconds)
    {
        string folder = Path.Combine(options.Folder, target.Name);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        using Tally tally = new(Path.Combine(folder, "tally"));
        Stopwatch clock = Stopwatch.StartNew();
        long crashes = 0,
            hangs = 0;
        for (long next = 0; clock.Elapsed.TotalSeconds < seconds;)
        {
            (bool hung, int code) = Child(target, options, next, seconds - clock.Elapsed.TotalSeconds, folder, tally);
            if (!hung && code == 0)
                break;
            long number = tally.Number;
            (crashes, hangs) = (crashes + (hung ? 0 : 1), hangs + (hung ? 1 : 0));
            Fuzz.Child.Keep(
                target,
                folder,
                number,
                target.Input(options.Seed, number),
                hung ? $"took more than {options.Patience} s" : $"the process ended with {code}"
            );
            next = number + 1;
        }
        return new TargetResult(
            target,
            tally.Accepted + tally.Refused + tally.Unexpected + crashes + hangs,
            tally.Accepted,
            tally.Refused,
            tally.Unexpected,
            crashes,
            hangs,
            tally.MostAllocated,
            tally.MostAllocatedNumber,
            tally.Peak
        );
    }

    private static (bool Hung, int Code) Child(Target target, FuzzOptions options, long first, double seconds, string folder, Tally tally)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardError = false };
        foreach (string argument in (string[])["child", target.Name, Text(options.Seed), Text(first), Text(seconds), folder])
            start.ArgumentList.Add(argument);
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit.ToString("x", CultureInfo.InvariantCulture);
        start.Environment["OMP_NUM_THREADS"] = "1";
        using Process child = Process.Start(start)!;
        long begun = tally.Number,
            seen = begun;
        Stopwatch still = Stopwatch.StartNew();
        while (!child.WaitForExit(Look))
        {
            if (tally.Number != seen)
                (seen, still) = (tally.Number, Stopwatch.StartNew());
            // A runtime and libtorch have to be loaded before the first input, which takes long beside other work.
            if (still.Elapsed.TotalSeconds <= options.Patience * (seen == begun ? StartPatience : 1))
                continue;
            child.Kill(entireProcessTree: true);
            child.WaitForExit();
            return (true, 0);
        }
        return (false, child.ExitCode);
    }

    private static string Line(string name, IReadOnlyList<TargetResult> results)
    {
        TargetResult most = results.MaxBy(result => result.MostAllocated)!;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-14} tried {results.Sum(result => result.Tried),10:N0}  read {results.Sum(result => result.Accepted),10:N0}  refused {results.Sum(result => result.Refused),10:N0}  crashes {results.Sum(result => result.Crashes)}  hangs {results.Sum(result => result.Hangs)}  unexpected {results.Sum(result => result.Unexpected)}  one input at most {most.MostAllocated >> 20} MiB (number {most.MostAllocatedNumber} of {most.Target.Name})  process {results.Max(result => result.Peak) >> 20} MiB"
        );
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
