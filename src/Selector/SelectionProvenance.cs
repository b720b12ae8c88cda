// The record beside a selection of how it came about.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Sets;

namespace DataFreeKD.Selector;

/// <summary>Writes a selection's provenance.</summary>
internal static class SelectionProvenance
{
    public static void Write(SelectOptions options, SelectionSummary summary, string scoresHash)
    {
        SortedDictionary<string, long> counts = new(summary.Counts.ToDictionary(), StringComparer.Ordinal)
        {
            ["selected"] = summary.Selected,
            ["duplicates_dropped"] = summary.DuplicatesDropped,
            ["near_duplicates_dropped"] = summary.NearDuplicatesDropped,
        };
        new Provenance
        {
            Version = Provenance.ToolVersion,
            Command = "select",
            Options = Options(options, summary),
            Seed = options.Seed,
            Inputs = Inputs(options, scoresHash),
            Counts = counts,
            Seconds = summary.Seconds,
        }.WriteBeside(options.Output, DuplicateTable.PathBeside(options.Output));
    }

    private static Dictionary<string, string> Inputs(SelectOptions options, string scoresHash)
    {
        Dictionary<string, string> inputs = new() { [ManifestPath.ToTable(options.Scores, options.Output)] = scoresHash };
        foreach (
            string file in new[] { options.Negatives, options.QuotaFile, options.Set.Embeddings }
                .OfType<string>()
                .Where(file => file != SetOptions.NoEmbeddings)
        )
            inputs[ManifestPath.ToTable(file, options.Output)] = Provenance.HashFile(file);
        return inputs;
    }

    // Options that name a file: seen from the selection.
    private static readonly string[] Files = ["negatives", "embeddings", "quota-file"];

    private static SortedDictionary<string, string> Options(SelectOptions options, SelectionSummary summary)
    {
        SetOptions set = options.Set;
        SortedDictionary<string, string> all = OptionsText.Given(
            [nameof(options.Scores), nameof(options.Output), nameof(options.Overwrite), nameof(options.Seed), nameof(set.Candidates)],
            options,
            set
        );
        foreach (string name in Files)
        {
            if (all.TryGetValue(name, out string? file) && file != SetOptions.NoEmbeddings)
                all[name] = ManifestPath.ToTable(file, options.Output);
        }
        if (set.Difficulty is { } mix)
            all["difficulty"] = string.Create(CultureInfo.InvariantCulture, $"easy:{mix.Easy},medium:{mix.Medium},hard:{mix.Hard}");
        if (set.Chooses)
            all["candidates"] = Numbers.Format(set.Factor);
        if (summary.Core is { } core)
            all["core"] = core;
        foreach ((string name, string value) in summary.Fitted)
            all[$"fitted.{name}"] = value;
        return all;
    }
}
