// An uneven attention probe alone: needs no classifier head.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Score = geometric mean over blocks of the probe's variance (0 for a uniform probe), so that no block outweighs another by its
/// scale. Blocks: those asked for, else all that were probed.</summary>
internal sealed class VarianceScore : RowScore
{
    private readonly int[] blocks;

    public VarianceScore(TableHeader header, SelectOptions options)
    {
        blocks = ProbeBlocks.Pick(header, options);
        Columns = ProbeBlocks.VarianceColumns(blocks);
    }

    public override IReadOnlyList<string> Columns { get; }

    public override IReadOnlyDictionary<string, string> Fitted => new Dictionary<string, string> { ["blocks"] = string.Join(',', blocks) };

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity)
    {
        double sum = 0;
        foreach (double variance in values)
            sum += Math.Log(variance);
        return Math.Exp(sum / values.Length);
    }
}
