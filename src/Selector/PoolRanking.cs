// A selection method fitted to a pool, for those who want the scores and no selection.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Core;
using DataFreeKD.Selector.Ranking;
using DataFreeKD.Selector.Rows;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Selector;

/// <summary>Scores rows as <see cref="SelectionRun"/> with the same options does.</summary>
internal sealed class PoolRanking : IDisposable
{
    private readonly RowScore score;
    private readonly int[] columns;
    private readonly double[] values;
    private readonly RowIdentity identity;
    private readonly Passes passes;
    private readonly CorePlaces.Cursor? core;
    private RowPlace? place;

    private PoolRanking(Passes passes, TableHeader header)
    {
        this.passes = passes;
        score = passes.Score;
        core = passes.Core?.Read();
        columns = [.. score.Columns.Select(header.Require)];
        values = new double[columns.Length + (core is null ? 0 : CorePlace.Numbers)];
        identity = new RowIdentity(header);
    }

    /// <summary>The method's name.</summary>
    public string Method => passes.Options.Method;

    /// <summary>Fits the method to the pool, in one pass where it takes something from it.</summary>
    /// <param name="options">The scores table, the method, its blocks and negatives, the seed; sizes and the output are not used.</param>
    /// <param name="progress">Told the rows read so far.</param>
    /// <param name="cancel">Stops the pass.</param>
    /// <exception cref="SelectionException">The method does not exist or lacks something.</exception>
    /// <exception cref="TableException">The table lacks what the method needs.</exception>
    public static PoolRanking Of(SelectOptions options, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        Passes passes = new(options, progress, cancel);
        try
        {
            if (passes.Score.NeedsFit)
                Survey.Of(passes);
            using TableReader table = Table.Open(options.Scores);
            return new PoolRanking(passes, table.Header);
        }
        catch
        {
            passes.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        place?.Dispose();
        passes.Dispose();
    }

    /// <summary>The score of the current row of a reader that is open on the same table; NaN where it lacks a number. Not
    /// thread-safe.</summary>
    public double Score(TableReader row)
    {
        for (int at = 0; at < columns.Length; at++)
        {
            values[at] = row.Number(columns[at]);
            if (!double.IsFinite(values[at]))
                return double.NaN;
        }
        core?.Of((place ??= new RowPlace(passes.Options.Scores)).Of(row)).CopyTo(values);
        return score.Evaluate(values, score.NeedsIdentity ? identity.Of(row) : 0);
    }
}
