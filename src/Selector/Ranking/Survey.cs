// The first pass: how many rows are usable, of which classes, and what the method takes from a sample of them.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Core;

namespace DataFreeKD.Selector.Ranking;

/// <summary>What is known of a pool after one pass.</summary>
internal sealed record Survey
{
    public required long Rows { get; init; }

    public required long Usable { get; init; }

    /// <summary>Rows by status or status/reason.</summary>
    public required IReadOnlyDictionary<string, long> Counts { get; init; }

    /// <summary>Usable rows by predicted class; copies count.</summary>
    public required IReadOnlyDictionary<long, (string Name, long Count)> Classes { get; init; }

    /// <summary>What came of looking for the pool's confident core; null where the method does not look for it.</summary>
    public string? Core { get; init; }

    /// <summary>Reads the pool once and fits the method to it.</summary>
    /// <exception cref="TableException">No row is usable.</exception>
    public static Survey Of(Passes passes)
    {
        SelectOptions options = passes.Options;
        int columns = passes.Score.Columns.Count;
        Reservoir? reservoir = passes.Score.NeedsFit ? new Reservoir(columns + 2, options.SampleRows, options.Seed) : null;
        double[] row = new double[columns + 2];
        using PoolScan scan = passes.Scan();
        while (scan.Next())
        {
            if (reservoir is null)
                continue;
            scan.Values.CopyTo(row);
            (row[^2], row[^1]) = (scan.Row, scan.Class);
            reservoir.Add(row);
        }
        if (scan.Usable == 0)
            throw Nothing(options, passes.Score.Columns, scan);
        string? core = null;
        if (reservoir?.Sample() is { } sample)
        {
            passes.Score.Fit(Whole(passes, scan) ?? [.. sample.Take(columns)]);
            if (passes.Score is ICoreScore score)
                (passes.Core, core) = CoreFit.Of(score, options, passes.Embeddings, scan, sample, passes.Cancel);
        }
        return new Survey
        {
            Rows = scan.Rows,
            Usable = scan.Usable,
            Counts = scan.Counts,
            Classes = scan.Classes,
            Core = core,
        };
    }

    // A cascade leaves figures to the rows that it gave hope for alone: these are not the pool, whose own scale is that of the sample which
    // was scored before any was dropped. Null where the rows are all.
    private static IReadOnlyList<double[]>? Whole(Passes passes, PoolScan scan)
    {
        string file = ManifestPath.SampleBeside(passes.Options.Scores);
        if (!scan.HasDropped || !File.Exists(file))
            return null;
        Reservoir sample = new(passes.Score.Columns.Count, passes.Options.SampleRows, passes.Options.Seed);
        using PoolScan seen = passes.Scan(file);
        while (seen.Next())
            sample.Add(seen.Values);
        return seen.Usable > 0 ? sample.Sample() : null;
    }

    private static TableException Nothing(SelectOptions options, IReadOnlyList<string> columns, PoolScan scan)
    {
        if (scan.Rows == 0)
            return new TableException($"{options.Scores}: there are no rows to select from; score some images first");
        if (scan.Unscored == 0)
            return new TableException(
                $"{options.Scores}: none of the {scan.Rows} rows has the status ok; their reasons say why they could not be scored"
            );
        return new TableException(
            $"{options.Scores}: no row has all of {string.Join(", ", columns)}, which method '{options.Method}' needs; a teacher without a classifier head leaves the columns of the logits empty: select by a method of the probe such as variance, or score with a teacher that has a head"
        );
    }
}
