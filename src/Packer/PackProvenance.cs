// The record in or beside a pack of how it came about.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Packer;

/// <summary>Makes a pack's provenance.</summary>
internal static class PackProvenance
{
    public static Provenance Of(PackOptions options, PackSummary summary, CancellationToken cancel)
    {
        SortedDictionary<string, string> all = new(StringComparer.Ordinal) { ["to"] = Name(options.Format) };
        if (options.ImagesPerShard is { } images) all["shard-size"] = images.ToString(CultureInfo.InvariantCulture);
        if (options.Layout is { } layout) all["layout"] = Name(layout);
        if (options.Metadata is { } metadata) all["metadata"] = Name(metadata);
        if (options.Copy) all["copy"] = "true";
        SortedDictionary<string, long> counts = new(summary.Skipped.ToDictionary(pair => $"skipped/{pair.Key}", pair => pair.Value), StringComparer.Ordinal)
        {
            ["rows"] = summary.Rows,
            ["packed"] = summary.Packed,
        };
        // From inside the folder, else from beside the file.
        string seenFrom = options.IsFile ? options.Output : Path.Combine(options.Output, Files.OutputFolder.Mark);
        return new Provenance
        {
            Version = Provenance.ToolVersion,
            Command = "pack",
            Options = all,
            Inputs = new Dictionary<string, string> { [ManifestPath.ToTable(options.Table, seenFrom)] = Provenance.HashFile(options.Table, cancel) },
            Counts = counts,
            Seconds = summary.Seconds,
        };
    }

    private static string Name<T>(T member) where T : struct, Enum => member.ToString().ToLowerInvariant();
}
