// How a report ranks its rows: as their selection did.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Reporting;
using DataFreeKD.Selector;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Toolkit;

/// <summary>The ranking of a report's rows (<see cref="ReportOptions.Ranking"/>).</summary>
internal static class ReportRanking
{
    /// <summary>By the method of the report's selection, where its provenance tells it; else by the default method, or by the variance of
    /// the probe for a teacher without a head.</summary>
    /// <param name="options">The report.</param>
    /// <param name="refused">Told the selection's own method and the reason, where it cannot be had.</param>
    /// <param name="cancel">Stops the pass over the table.</param>
    /// <returns>The ranking; null where the table has selection scores already, or nothing to rank by.</returns>
    /// <exception cref="TableException">There is no scores table, or it cannot be read.</exception>
    public static PoolRanking? Of(ReportOptions options, Action<string, Exception>? refused = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        using (TableReader header = Table.Open(options.Scores))
        {
            if (header.Header.IndexOf("selection_score") >= 0)
                return null;
        }
        SelectOptions[] tried =
        [
            .. OfSelection(options),
            .. ((string[])[ScoreCatalogue.Default, "variance"]).Select(method => new SelectOptions
            {
                Scores = options.Scores,
                Output = options.Output,
                Method = method,
            }),
        ];
        foreach (SelectOptions way in tried)
        {
            try
            {
                return PoolRanking.Of(way, cancel: cancel);
            }
            catch (Exception problem) when (problem is TableException or SelectionException)
            {
                // A pool without one usable row, or a table of other columns, is reported on all the same.
                if (options.Selection is not null && way == tried[0])
                    refused?.Invoke(way.Method, problem);
            }
        }
        return null;
    }

    private static IEnumerable<SelectOptions> OfSelection(ReportOptions options)
    {
        if (options.Selection is not { } selection || Provenance.ReadBeside(selection) is not { Command: "select" } made)
            yield break;
        if (!made.Options.TryGetValue("method", out string? method))
            yield break;
        yield return new SelectOptions
        {
            Scores = options.Scores,
            Output = options.Output,
            Method = method,
            Blocks = made.Options.GetValueOrDefault("blocks") is { Length: > 0 } blocks
                ? [.. blocks.Split(',').Select(block => int.Parse(block, CultureInfo.InvariantCulture))]
                : [],
            Negatives = made.Options.TryGetValue("negatives", out string? negatives) ? ManifestPath.FromTable(negatives, selection) : null,
            Set = new SetOptions
            {
                Embeddings =
                    made.Options.TryGetValue("embeddings", out string? embeddings) && embeddings != SetOptions.NoEmbeddings
                        ? ManifestPath.FromTable(embeddings, selection)
                        : embeddings,
            },
            Seed = made.Seed ?? 0,
        };
    }
}
