// One pass over a scores table, with what a method makes of each usable row.

using DataFreeKD.Selector.Core;
using DataFreeKD.Selector.Rows;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Selector.Ranking;

/// <summary>A cursor over the rows that a method can rank.</summary>
internal sealed class PoolScan : UsableRows
{
    private readonly RowScore score;
    private readonly CorePlaces.Cursor? core;

    // Room for the row's numbers, then where it lies to the core, where there is one.
    private readonly double[] placed;

    public PoolScan(string scores, RowScore score, Action<int> progress, CorePlaces.Cursor? core = null)
        : base(scores, score.Columns, progress)
    {
        (this.score, this.core) = (score, core);
        placed = core is null ? [] : new double[score.Columns.Count + CorePlace.Numbers];
    }

    /// <summary>What the method makes of the current row, higher = more useful; after it is fitted, where it needs that.</summary>
    public double Score
    {
        get
        {
            ulong identity = score.NeedsIdentity ? Identity : 0;
            if (core is null)
                return score.Evaluate(Values, identity);
            Values.CopyTo(placed);
            core.Of(Row).CopyTo(placed);
            return score.Evaluate(placed, identity);
        }
    }
}
