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
        }.WriteBeside(options.Output);
    }

    private static Dictionary<string, string> Inputs(SelectOptions options, string scoresHash)
    {
        Dictionary<string, string> inputs = new() { [ManifestPath.ToTable(options.Scores, options.Output)] = scoresHash };
        foreach (string file in new[] { options.Negatives, options.QuotaFile, options.Set.Embeddings }.OfType<string>().Where(file => file != SetOptions.NoEmbeddings)) inputs[ManifestPath.ToTable(file, options.Output)] = Provenance.HashFile(file);
        return inputs;
    }

    private static SortedDictionary<string, string> Options(SelectOptions options, SelectionSummary summary)
    {
        SortedDictionary<string, string> all = new(StringComparer.Ordinal)
        {
            ["method"] = options.Method,
            ["quota"] = options.Quota.ToString(),
            ["drop-duplicates"] = options.DropDuplicates ? "true" : "false",
            ["weight"] = options.Weight.ToString(),
            ["sample-rows"] = options.SampleRows.ToString(CultureInfo.InvariantCulture),
        };
        if (options.Budget is { } budget) all["budget"] = budget.ToString(CultureInfo.InvariantCulture);
        if (options.Fraction is { } fraction) all["fraction"] = Numbers.Format(fraction);
        if (options.Threshold is { } threshold) all["threshold"] = Numbers.Format(threshold);
        if (options.Blocks.Count > 0) all["blocks"] = string.Join(',', options.Blocks);
        if (options.PerClass.Count > 0) all["per-class"] = string.Join(',', options.PerClass.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
        SetOptions set = options.Set;
        if (options.Negatives is { } negatives) all["negatives"] = ManifestPath.ToTable(negatives, options.Output);
        if (set.Embeddings is { } embeddings) all["embeddings"] = embeddings == SetOptions.NoEmbeddings ? embeddings : ManifestPath.ToTable(embeddings, options.Output);
        if (set.NearDuplicates is { } bits) all["near-duplicates"] = bits.ToString(CultureInfo.InvariantCulture);
        if (set.NearCosine is { } cosine) all["near-cosine"] = Numbers.Format(cosine);
        if (set.Diversity != Diversity.None) all["diversity"] = set.Diversity.ToString();
        if (set.Difficulty is { } mix) all["difficulty"] = string.Create(CultureInfo.InvariantCulture, $"easy:{mix.Easy},medium:{mix.Medium},hard:{mix.Hard}");
        if (set.Chooses) all["candidates"] = Numbers.Format(set.Factor);
        if (set.Order != RowOrder.Score) all["order"] = set.Order.ToString();
        if (summary.Core is { } core) all["core"] = core;
        foreach ((string name, string value) in summary.Fitted) all[$"fitted.{name}"] = value;
        return all;
    }
}
