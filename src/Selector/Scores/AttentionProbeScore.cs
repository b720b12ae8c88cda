// The default: what the logits say and what the probe says, each on the pool's own scale (after Wang et al., Attention Probe, ICASSP 2022).

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Scores;

/// <summary>
/// Score = ½·[z(−entropy) + z(−energy)] + mean over blocks of min(0, z(ln probe variance)), where z is the robust z-score over
/// the pool (median, 1.4826·MAD), cut to [−4, 4].
/// </summary>
/// <remarks>
/// Entropy sees the shape of the prediction and energy the size of the logits; neither is preferred. The variance spans orders
/// of magnitude, so that its logarithm is scaled. A probe flatter than the pool's middle is evidence against an image; a more
/// uneven one is none for it (text and checkers have peaks too), hence the min. Blocks: those asked for, else all that were
/// probed, which scoring chooses by depth.
/// </remarks>
internal sealed class AttentionProbeScore : RowScore
{
    private const double Cut = 4;

    // Below what a probe of single precision can tell from uniform; keeps the logarithm finite.
    private const double SmallestVariance = 1e-9;

    private readonly int[] blocks;
    private RobustScale[] scales = [];

    public AttentionProbeScore(TableHeader header, SelectOptions options)
    {
        blocks = ProbeBlocks.Pick(header, options);
        Columns = ["entropy", "energy", .. ProbeBlocks.VarianceColumns(blocks)];
        Require(header, options.Method, Columns, "score the images with a teacher that has a classifier head, or select by the probe alone with the method variance");
    }

    public override IReadOnlyList<string> Columns { get; }

    public override bool NeedsFit => true;

    public override IReadOnlyDictionary<string, string> Fitted
    {
        get
        {
            Dictionary<string, string> fitted = new() { ["blocks"] = string.Join(',', blocks) };
            for (int at = 0; at < scales.Length; at++) fitted[at < 2 ? "-" + Columns[at] : $"ln {Columns[at]}"] = string.Create(CultureInfo.InvariantCulture, $"median {scales[at].Median:G6}, spread {scales[at].Spread:G6}");
            return fitted;
        }
    }

    public override void Fit(IReadOnlyList<double[]> sample)
    {
        scales = new RobustScale[sample.Count];
        for (int at = 0; at < scales.Length; at++)
        {
            double[] signed = Array.ConvertAll(sample[at], value => Signed(at, value));
            scales[at] = RobustScale.Of(signed);
        }
    }

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity)
    {
        Span<double> scaled = stackalloc double[values.Length];
        Scale(values, scaled);
        return Combine(scaled);
    }

    /// <summary>Each column on the pool's scale, higher for a more familiar image, cut to [−4, 4].</summary>
    internal void Scale(ReadOnlySpan<double> values, Span<double> scaled)
    {
        for (int at = 0; at < values.Length; at++) scaled[at] = Math.Clamp(scales[at].Of(Signed(at, values[at])), -Cut, Cut);
    }

    /// <summary>The score of scaled columns.</summary>
    internal static double Combine(ReadOnlySpan<double> scaled)
    {
        double flatness = 0;
        foreach (double variance in scaled[2..]) flatness += Math.Min(0, variance);
        return (scaled[0] + scaled[1]) / 2 + flatness / (scaled.Length - 2);
    }

    private static double Signed(int column, double value) => column < 2 ? -value : Math.Log(Math.Max(value, SmallestVariance));
}
