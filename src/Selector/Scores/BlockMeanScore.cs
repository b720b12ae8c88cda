// One figure of every probed block, as a method of its own.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Score = the mean over blocks of a column, with its sign turned where lower is more useful; for figures that lie in [0, 1]
/// whatever the block. Blocks: those asked for, else all that were probed.</summary>
internal sealed class BlockMeanScore : RowScore
{
    private readonly int[] blocks;
    private readonly int sign;

    /// <param name="header">The table's columns.</param>
    /// <param name="options">The method's name and the blocks.</param>
    /// <param name="figure">The columns' common beginning, <c>probe_cosine</c> or <c>probe_entropy</c>.</param>
    /// <param name="cure">What writes the columns.</param>
    public BlockMeanScore(TableHeader header, SelectOptions options, string figure, string cure)
    {
        blocks = ProbeBlocks.Pick(header, options);
        Columns = [.. blocks.Select(block => Manifests.Columns.OfBlock(figure, block))];
        Require(header, options.Method, Columns, cure, "Scores");
        sign = ScoreDirection.Of(Columns[0]);
    }

    public override IReadOnlyList<string> Columns { get; }

    public override IReadOnlyDictionary<string, string> Fitted => new Dictionary<string, string> { ["blocks"] = string.Join(',', blocks) };

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value;
        return sign * sum / values.Length;
    }
}
