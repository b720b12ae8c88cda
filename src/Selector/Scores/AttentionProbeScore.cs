// The default: what the logits and the probe say together, each on the pool's own scale.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Scores;

/// <summary>Score = −z(entropy) + mean over blocks of z(probe variance), z robust.</summary>
internal sealed class AttentionProbeScore : RowScore
{
    private readonly int[] blocks;
    private RobustScale[] scales = [];

    public AttentionProbeScore(TableHeader header, SelectOptions options)
    {
        blocks = ProbeBlocks.Pick(header, options, ProbeBlocks.ByDepth);
        Columns = ["entropy", .. ProbeBlocks.VarianceColumns(blocks)];
        Require(header, options.Method, Columns, "score the images with a teacher that has a classifier head, or select by the probe alone with the method variance");
    }

    public override IReadOnlyList<string> Columns { get; }

    public override bool NeedsFit => true;

    public override void Fit(IReadOnlyList<double[]> sample) => scales = [.. sample.Select(column => RobustScale.Of(column.AsSpan().ToArray()))];

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity)
    {
        double probe = 0;
        for (int at = 1; at < values.Length; at++) probe += scales[at].Of(values[at]);
        return probe / blocks.Length - scales[0].Of(values[0]);
    }
}
