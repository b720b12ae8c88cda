// The common form of the methods that rank by one column.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Ranks by one column of the scores, as it is or with its sign turned.</summary>
internal abstract class LogitScore : RowScore
{
    private readonly int sign;

    /// <param name="header">The table's columns.</param>
    /// <param name="column">The column to rank by.</param>
    /// <param name="sign">1 where higher is more useful, -1 where lower is.</param>
    protected LogitScore(TableHeader header, string column, int sign)
    {
        Require(
            header,
            column,
            [column],
            "score the images with a teacher that has a classifier head, or select by a method of the probe such as variance"
        );
        Columns = [column];
        this.sign = sign;
    }

    public override IReadOnlyList<string> Columns { get; }

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity) => sign * values[0];
}
