// The record in or beside a pack of how it came about.

using DataFreeKD.Manifests;

namespace DataFreeKD.Packer;

/// <summary>Makes a pack's provenance.</summary>
internal static class PackProvenance
{
    // As they are typed.
    private static readonly string[] Choices = ["layout", "metadata"];

    public static Provenance Of(PackOptions options, PackSummary summary, CancellationToken cancel)
    {
        SortedDictionary<string, string> all = OptionsText.Given(
            [nameof(options.Selection), nameof(options.Output), nameof(options.Overwrite)],
            options
        );
        OptionsText.Rename(all, ("format", "to"), ("images-per-shard", "shard-size"));
        foreach (string name in Choices)
        {
            if (all.TryGetValue(name, out string? choice))
                all[name] = choice.ToLowerInvariant();
        }
        SortedDictionary<string, long> counts = new(
            summary.Skipped.ToDictionary(pair => $"skipped/{pair.Key}", pair => pair.Value),
            StringComparer.Ordinal
        )
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
            Inputs = new Dictionary<string, string>
            {
                [ManifestPath.ToTable(options.Selection, seenFrom)] = Provenance.HashFile(options.Selection, cancel),
            },
            Counts = counts,
            Seconds = summary.Seconds,
        };
    }
}
