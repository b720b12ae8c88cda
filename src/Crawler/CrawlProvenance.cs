// The record beside a manifest of how it came about.

using System.Globalization;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler;

/// <summary>Makes a crawl's provenance.</summary>
internal static class CrawlProvenance
{
    // What the command line calls by another name than the library.
    private static readonly (string Option, string Name)[] Named =
    [
        ("mode", "resize"),
        ("formats", "allow-formats"),
        ("near-duplicate-radius", "near-duplicates"),
        ("images-per-shard", "shards"),
    ];

    // Where it is written, and values that are put into words below.
    private static readonly string[] Apart =
    [
        nameof(CrawlOptions.Store),
        nameof(CrawlOptions.Made),
        nameof(CrawlOptions.Web.Steering),
        nameof(CrawlOptions.Web.Buckets),
        nameof(CrawlOptions.Web.Columns),
    ];

    /// <summary>SHA-256 of the files that were named: lists, tables, archives and single images. Images of folders have theirs in the
    /// manifest.</summary>
    /// <param name="plan">The sources, with folders and globs of lists as the lists in them.</param>
    /// <param name="manifest">The manifest, from which the paths are seen.</param>
    /// <param name="cancel">Stops.</param>
    public static Dictionary<string, string> InputsOf(SourcePlan plan, string manifest, CancellationToken cancel) =>
        plan
            .Local.Concat(plan.Web)
            .Where(ImageInputs.IsFile)
            .Select(Path.GetFullPath)
            .Distinct()
            .ToDictionary(file => ManifestPath.ToTable(file, manifest), file => Provenance.HashFile(file, cancel));

    /// <summary>The record.</summary>
    public static Provenance Of(
        CrawlOptions options,
        IReadOnlyDictionary<string, string> inputs,
        IReadOnlyDictionary<string, long> counts,
        double seconds
    ) =>
        new()
        {
            Version = Provenance.ToolVersion,
            Command = "crawl",
            Options = Options(options),
            Seed = options.Web.Steering is { } steering ? (long)steering.Seed : null,
            Inputs = inputs,
            Counts = counts,
            Seconds = seconds,
        };

    /// <summary>Every option that is set, by its name on the command line.</summary>
    internal static SortedDictionary<string, string> Options(CrawlOptions options)
    {
        SortedDictionary<string, string> all = OptionsText.Given(Apart, options, options.Limits, options.Reencode, options.Web);
        OptionsText.Rename(all, Named);
        foreach ((string name, string value) in OptionsText.Given([], options.Web.Buckets))
            all[$"s3-{name}"] = value;
        foreach ((string name, string value) in OptionsText.Given([], options.Web.Columns))
            all[$"{name}-column"] = value;
        all["sources"] = string.Join('\n', options.Sources);
        if (options.Made.Count > 0)
            all["made"] = string.Join(
                '\n',
                options
                    .Made.Where(made => made.Names.Count > 0)
                    .Select(made => string.Create(CultureInfo.InvariantCulture, $"{made.Names.Count} images from {made.Names[0]} on"))
            );
        if (options.Web.Steering is { } steering)
            all["steer-by"] = Steering(options, steering);
        return all;
    }

    /// <summary>Who steers, and how.</summary>
    internal static string Steering(CrawlOptions options, Crawler.Steering.SteeringOptions steering) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{steering.Name}, seed {steering.Seed}, rounds of {steering.RoundOf(options.Web.MaxFetches ?? 0)}"
        );
}
