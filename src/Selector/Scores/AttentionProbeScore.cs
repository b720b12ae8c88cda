// The default: what the logits say and what the probe says, each on the pool's own scale (after Wang et al., Attention Probe, ICASSP 2022).

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Statistics;

namespace DataFreeKD.Selector.Scores;

/// <summary>
/// Score = 2/(1 + w)·{½·[z(−entropy) + z(−energy)] + w·mean over blocks of z(ln probe variance)}, where z is the robust z-score
/// over the pool (median, 1.4826·MAD), cut to [−4, 4], and w = k·r/(1 − r), in [0, 4], with r the mean correlation of the k blocks.
/// </summary>
/// <remarks>
/// Entropy sees the shape of the prediction and energy the size of the logits; neither is preferred. The variance spans orders
/// of magnitude, so that its logarithm is scaled. How much a probe tells differs from teacher to teacher, and no label says so;
/// but blocks that see the same thing agree, and blocks that see noise do not. For k parallel measures of one quantity,
/// k·r/(1 − r) is the ratio of signal to noise of their mean (Spearman 1910, Brown 1910), the weight that the best linear sum
/// gives it. One block has nothing to agree with: w = 1; without a probe w = 0. Blocks: those asked for, else all that were probed, which
/// scoring
/// chooses by depth.
/// </remarks>
internal sealed class AttentionProbeScore : RowScore
{
    private const double Cut = 4;

    // Blocks that all but repeat one another must not silence the logits.
    private const double MostWeight = 4;

    // Below what a probe of single precision can tell from uniform; keeps the logarithm finite.
    private const double SmallestVariance = 1e-9;

    private readonly int[] blocks;
    private RobustScale[] scales = [];
    private double weight = 1;

    /// <param name="header">Of the scores table.</param>
    /// <param name="options">Blocks, and the method's name for messages.</param>
    /// <param name="withoutProbe">Whether a table of a teacher without attention will do: the logits alone then make the score.</param>
    public AttentionProbeScore(TableHeader header, SelectOptions options, bool withoutProbe = false)
    {
        blocks =
            withoutProbe && options.Blocks.Count == 0 && ProbeBlocks.Probed(header).Length == 0 ? [] : ProbeBlocks.Pick(header, options);
        Columns = ["entropy", "energy", .. ProbeBlocks.VarianceColumns(blocks)];
        Require(
            header,
            options.Method,
            Columns,
            "score the images with a teacher that has a classifier head, or select by the probe alone with the method variance"
        );
    }

    public override IReadOnlyList<string> Columns { get; }

    public override bool NeedsFit => true;

    public override IReadOnlyDictionary<string, string> Fitted
    {
        get
        {
            Dictionary<string, string> fitted = new()
            {
                ["blocks"] = string.Join(',', blocks),
                ["probe_weight"] = string.Create(CultureInfo.InvariantCulture, $"{weight:G4}"),
            };
            for (int at = 0; at < scales.Length; at++)
                fitted[at < 2 ? "-" + Columns[at] : $"ln {Columns[at]}"] = string.Create(
                    CultureInfo.InvariantCulture,
                    $"median {scales[at].Median:G6}, spread {scales[at].Spread:G6}"
                );
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
        weight = Weight([.. Enumerable.Range(2, blocks.Length).Select(at => Array.ConvertAll(sample[at], value => Scaled(at, value)))]);
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
        for (int at = 0; at < values.Length; at++)
            scaled[at] = Scaled(at, values[at]);
    }

    /// <summary>The score of scaled columns.</summary>
    private double Combine(ReadOnlySpan<double> scaled)
    {
        if (blocks.Length == 0)
            return scaled[0] + scaled[1];
        double unevenness = 0;
        foreach (double variance in scaled[2..])
            unevenness += variance;
        return 2 / (1 + weight) * ((scaled[0] + scaled[1]) / 2 + weight * unevenness / (scaled.Length - 2));
    }

    /// <summary>Ratio of signal to noise of the mean of parallel measures, from how far they agree.</summary>
    private static double Weight(double[][] measures)
    {
        if (measures.Length < 2)
            return measures.Length;
        double sum = 0;
        int pairs = 0;
        for (int i = 1; i < measures.Length; i++)
        {
            for (int j = 0; j < i; j++, pairs++)
                sum += Correlation.Of(measures[i], measures[j]);
        }
        double agreement = Math.Clamp(sum / pairs, 0, 0.999);
        return Math.Min(MostWeight, measures.Length * agreement / (1 - agreement));
    }

    private double Scaled(int column, double value) => Math.Clamp(scales[column].Of(Signed(column, value)), -Cut, Cut);

    private static double Signed(int column, double value) => column < 2 ? -value : Math.Log(Math.Max(value, SmallestVariance));
}
