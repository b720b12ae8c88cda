// The default: a familiar image by the attention probe and the logits, and no corrupted copy.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>
/// Score = that of <see cref="AttentionProbeScore"/> + 10·ln P(intact), where the table has the column <c>intact</c>: the log-odds that the image is no corrupted copy.
/// </summary>
/// <remarks>
/// ln P is near 0 for whatever may be a photograph and falls without end for what may not, so that it sends noise, text and solid
/// colours to the end and leaves the order of the others to the teacher. A teacher is often surest of images that have nothing on them.
/// </remarks>
internal sealed class CombinedScore : RowScore
{
    private const double Weight = 10;

    private readonly AttentionProbeScore probe;
    private readonly bool intact;

    public CombinedScore(TableHeader header, SelectOptions options)
    {
        probe = new AttentionProbeScore(header, options);
        intact = header.IndexOf("intact") >= 0;
        Columns = intact ? [.. probe.Columns, "intact"] : probe.Columns;
    }

    public override IReadOnlyList<string> Columns { get; }

    public override bool NeedsFit => true;

    public override IReadOnlyDictionary<string, string> Fitted => new Dictionary<string, string>(probe.Fitted) { ["intact_weight"] = (intact ? Weight : 0).ToString(CultureInfo.InvariantCulture) };

    public override void Fit(IReadOnlyList<double[]> sample) => probe.Fit(intact ? [.. sample.Take(sample.Count - 1)] : sample);

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity) =>
        intact ? probe.Evaluate(values[..^1], identity) + (Weight * LogOdds.LogProbability(values[^1])) : probe.Evaluate(values, identity);
}
