// Logits and probe, corrected by a classifier that tells the pool from images known to be useless (Microsoft.ML).

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Rows;

namespace DataFreeKD.Selector.Scores;

/// <summary>
/// Score = ½·[z(−entropy) + z(−energy)] + mean over blocks of min(0, z(ln probe variance)) + ln P(pool | x), where P comes from a logistic
/// regression on the scaled columns that separates
/// a sample of the pool from the rows of <see cref="SelectOptions.Negatives"/>: a scores table, by the same teacher, of images
/// that nobody wants (corrupted copies of the pool, noise, screenshots).
/// </summary>
/// <remarks>
/// No labels are needed: the pool holds useless images too, but p(useless)/p(pool) rises with p(useless)/p(useful) whatever the
/// share of useless images in the pool, so that the order it gives is that of a classifier trained on clean positives
/// (Elkan and Noto, KDD 2008). Whether an uneven probe speaks for an image is left to the classifier, since text and checkers have
/// peaks too; a flat one speaks against it, hence the min.
/// </remarks>
internal sealed class LearnedScore : RowScore
{
    private readonly AttentionProbeScore probe;
    private readonly SelectOptions options;
    private LinearSeparator separator = LinearSeparator.Nothing;

    public LearnedScore(TableHeader header, SelectOptions options)
    {
        this.options = options;
        if (string.IsNullOrEmpty(options.Negatives))
            throw new SelectionException(
                "method 'learned' needs a scores table of images that nobody wants, by the same teacher; give it with Negatives"
            )
            {
                Options = [nameof(SelectOptions.Negatives)],
            };
        probe = new AttentionProbeScore(header, options, withoutProbe: true);
        using TableReader negatives = Table.Open(options.Negatives);
        Require(negatives.Header, options.Method, Columns, "score the negatives by the same teacher and with the same blocks as the pool");
    }

    public override IReadOnlyList<string> Columns => probe.Columns;

    public override bool NeedsFit => true;

    public override IReadOnlyDictionary<string, string> Fitted =>
        new Dictionary<string, string>(probe.Fitted)
        {
            ["separator"] =
                string.Join(
                    ", ",
                    separator.Weights.Select((weight, at) => string.Create(CultureInfo.InvariantCulture, $"{Columns[at]} {weight:G4}"))
                ) + string.Create(CultureInfo.InvariantCulture, $", bias {separator.Bias:G4}"),
        };

    public override void Fit(IReadOnlyList<double[]> sample)
    {
        probe.Fit(sample);
        float[][] negatives = [.. Negatives()];
        if (negatives.Length == 0)
            throw new TableException(
                $"{options.Negatives}: no row has the status ok and all of {string.Join(", ", Columns)}; score some images that nobody wants"
            );
        double[] row = new double[Columns.Count];
        float[][] pool = new float[sample[0].Length][];
        for (int at = 0; at < pool.Length; at++)
        {
            for (int column = 0; column < row.Length; column++)
                row[column] = sample[column][at];
            pool[at] = Features(row);
        }
        separator = LinearSeparator.Train(pool, negatives);
    }

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity)
    {
        Span<double> scaled = stackalloc double[values.Length];
        probe.Scale(values, scaled);
        return Familiarity(scaled) + LogOdds.LogProbability(separator.Margin(scaled));
    }

    private static double Familiarity(ReadOnlySpan<double> scaled)
    {
        double flatness = 0;
        foreach (double variance in scaled[2..])
            flatness += Math.Min(0, variance);
        return (scaled[0] + scaled[1]) / 2 + flatness / Math.Max(1, scaled.Length - 2);
    }

    private IEnumerable<float[]> Negatives()
    {
        using UsableRows rows = new(options.Negatives!, Columns, static _ => { });
        while (rows.Next())
            yield return Features(rows.Values);
    }

    private float[] Features(ReadOnlySpan<double> values)
    {
        Span<double> scaled = stackalloc double[values.Length];
        probe.Scale(values, scaled);
        float[] features = new float[scaled.Length];
        for (int at = 0; at < features.Length; at++)
            features[at] = (float)scaled[at];
        return features;
    }
}
