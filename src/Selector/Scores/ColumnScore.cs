// One column that is written when asked for, as a method of its own.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Score = the column, with its sign turned where lower is more useful. What each column is, and where it comes from:
/// docs/score.md.</summary>
internal sealed class ColumnScore : RowScore
{
    private readonly int sign;

    /// <param name="header">The table's columns.</param>
    /// <param name="options">For the method's name.</param>
    /// <param name="column">The column to rank by.</param>
    public ColumnScore(TableHeader header, SelectOptions options, string column)
    {
        Require(header, options.Method, [column], $"score the images with Scores {column}", "Scores");
        Columns = [column];
        sign = ScoreDirection.Of(column);
    }

    public override IReadOnlyList<string> Columns { get; }

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity) => sign * values[0];
}
