// synth://TEACHER?count=N: a source that makes its images out of a teacher.

using System.Globalization;
using DataFreeKD.Crawler;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Distiller.Synthesis;

namespace DataFreeKD.Toolkit.Synthesis;

/// <summary>Reads the address of such a source.</summary>
internal static class SynthesisSource
{
    private const string Scheme = "synth://",
        Example = "write it as synth://path/to/teacher?count=1000&steps=300";

    /// <summary>Whether a source is one.</summary>
    public static bool Fits(string source) => source.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>The options in an address.</summary>
    /// <param name="source"><c>synth://path?count=…</c>; the path is taken as it stands, up to the last question mark.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="CrawlException">A part that cannot be read.</exception>
    public static SynthesisOptions Parse(string source, string device)
    {
        string rest = source[Scheme.Length..];
        int mark = rest.LastIndexOf('?');
        string path = mark < 0 ? rest : rest[..mark];
        if (path.Length == 0)
            throw new CrawlException($"{source} names no teacher; {Example}");
        SynthesisOptions options = new()
        {
            Teacher = path,
            Count = 0,
            Device = device,
        };
        foreach (string pair in mark < 0 ? [] : rest[(mark + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int at = pair.IndexOf('=', StringComparison.Ordinal);
            (string key, string value) = at < 0 ? (pair, "") : (pair[..at], pair[(at + 1)..]);
            options = key switch
            {
                "count" => options with { Count = Whole() },
                "steps" => options with { Steps = Whole() },
                "batch" => options with { BatchSize = Whole() },
                "heads" => options with { TeacherHeads = Whole() },
                "shift" => options with { Shift = Whole() },
                "flip" => options with { Flip = Whole() != 0 },
                "seed" => options with { Seed = Whole() },
                "lr" => options with { LearningRate = Real() },
                "ce" => options with { CrossEntropy = Real() },
                "pse" => options with { PatchEntropy = Real() },
                "tv" => options with { TotalVariation = Real() },
                _ => throw new CrawlException(
                    $"{source}: '{key}' is not known; there are count, steps, batch, heads, seed, shift, flip, lr, ce, pse, tv"
                ),
            };

            int Whole() =>
                int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole)
                    ? whole
                    : throw Unreadable("a whole number");
            double Real() =>
                double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && double.IsFinite(real)
                    ? real
                    : throw Unreadable("a number");
            CrawlException Unreadable(string kind) => new($"{source}: {key}='{value}' is not {kind}");
        }
        return options.Count == 0 ? throw new CrawlException($"{source} does not say how many images to make; {Example}") : options;
    }

    /// <summary>The source for the crawler.</summary>
    /// <param name="options">What to make.</param>
    /// <param name="store">The store; what is made lies there until the manifest has it.</param>
    /// <param name="note">Told of progress.</param>
    public static MadeImages Of(SynthesisOptions options, string store, Action<string> note)
    {
        string teacher = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Teacher)));
        string prefix = $"{Scheme}{teacher}?{options.Recipe}#";
        return new MadeImages(
            [.. Enumerable.Range(0, options.Count).Select(i => prefix + i.ToString("D6", CultureInfo.InvariantCulture))],
            (names, cancel) =>
                SynthesisBench.Make(
                    options,
                    names,
                    name => int.Parse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture),
                    Path.Combine(store, ".synth"),
                    note,
                    cancel
                )
        );
    }
}
