// The default: a familiar image by the attention probe and the logits, no corrupted copy, and near to the pool's confident core.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Core;
using DataFreeKD.Selector.Statistics;

namespace DataFreeKD.Selector.Scores;

/// <summary>
/// First = that of <see cref="AttentionProbeScore"/> + 10·ln P(intact), where the table has the column <c>intact</c>: the log-odds that the
/// image is no corrupted copy.
/// A table without probe columns, of a teacher without attention, is ranked by the logits' part alone.
/// Score = z(first) + z(−d) + z(q), where the rows have embeddings: d is the relative distance to the pool's confident core, found by the
/// first, and q the discriminant of the core against the pool (<see cref="CoreModel"/>); z is cut to [−4, 4]. Else the first is the score.
/// </summary>
/// <remarks>
/// ln P is near 0 for whatever may be a photograph and falls without end for what may not, so that it sends noise, text and solid
/// colours to the end and leaves the order of the others to the teacher. A teacher is often surest of images that have nothing on them.
/// </remarks>
internal sealed class CombinedScore : RowScore, ICoreScore
{
    private const double Weight = 10,
        Cut = 4;

    private readonly AttentionProbeScore probe;
    private readonly bool intact;
    private (RobustScale First, RobustScale Nearness, RobustScale Discriminant)? core;

    public CombinedScore(TableHeader header, SelectOptions options)
    {
        probe = new AttentionProbeScore(header, options, withoutProbe: true);
        intact = header.IndexOf("intact") >= 0;
        Columns = intact ? [.. probe.Columns, "intact"] : probe.Columns;
        WantsCore = options.Set.Embeddings is { } file && file != SetOptions.NoEmbeddings;
    }

    public override IReadOnlyList<string> Columns { get; }

    public override bool NeedsFit => true;

    public bool WantsCore { get; }

    public bool NeedsCore => false;

    public override IReadOnlyDictionary<string, string> Fitted
    {
        get
        {
            Dictionary<string, string> fitted = new(probe.Fitted)
            {
                ["intact_weight"] = (intact ? Weight : 0).ToString(CultureInfo.InvariantCulture),
            };
            if (core is not { } scales)
                return fitted;
            fitted["first"] = Text(scales.First);
            fitted["-core distance"] = Text(scales.Nearness);
            fitted["core discriminant"] = Text(scales.Discriminant);
            return fitted;

            static string Text(RobustScale scale) =>
                string.Create(CultureInfo.InvariantCulture, $"median {scale.Median:G6}, spread {scale.Spread:G6}");
        }
    }

    public override void Fit(IReadOnlyList<double[]> sample) => probe.Fit(intact ? [.. sample.Take(sample.Count - 1)] : sample);

    public void FitCore(RobustScale seed, RobustScale nearness, RobustScale discriminant) => core = (seed, nearness, discriminant);

    public double Seed(ReadOnlySpan<double> values) =>
        intact ? probe.Evaluate(values[..^1], 0) + (Weight * LogOdds.LogProbability(values[^1])) : probe.Evaluate(values, 0);

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity) =>
        core is { } scales
            ? Scaled(scales.First, Seed(values[..^CorePlace.Numbers]))
                + Scaled(scales.Nearness, -values[^2])
                + Scaled(scales.Discriminant, values[^1])
            : Seed(values);

    private static double Scaled(RobustScale scale, double value) => Math.Clamp(scale.Of(value), -Cut, Cut);
}
