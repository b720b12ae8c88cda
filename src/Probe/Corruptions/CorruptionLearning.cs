// Learning to tell a pool from corrupted copies of itself (Microsoft.ML).

using System.Collections.Immutable;
using DataFreeKD.Imaging.Corruptions;
using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms;

namespace DataFreeKD.Probe.Corruptions;

/// <summary>
/// Positive–unlabelled learning in steps (Liu et al., "Building Text Classifiers Using Positive and Unlabeled Examples", ICDM 2003, with
/// the
/// roles turned: the copies are certain, the pool is a mixture): fit, leave out the images of the pool that look like copies, fit again.
/// Deterministic: one thread, no draw.
/// </summary>
internal sealed class CorruptionLearning
{
    /// <summary>Fewer images of the pool, or copies, are not worth learning from.</summary>
    public const int Fewest = 200;

    private const int Steps = 4,
        Iterations = 60,
        MoreIterations = 20,
        Folds = 4,
        CalibrationPart = 5;

    // The comparison needs no more than this of each side to tell one AUROC from another.
    private const int Compared = 6000;

    // Weight of ½‖w‖² against the mean loss. A weaker one learns the pool's own noise, screenshots and solid colours as part of the pool.
    private const float Penalty = 0.005f;

    private static readonly Corruption[] Kinds = Enum.GetValues<Corruption>();

    private readonly MLContext context = new(seed: 0);
    private readonly float[][] pool;
    private readonly (Corruption Kind, float[] Features)[] copies;
    private readonly IReadOnlyList<string> scores;
    private readonly CancellationToken cancel;

    private CorruptionLearning(
        float[][] pool,
        (Corruption Kind, float[] Features)[] copies,
        IReadOnlyList<string> scores,
        CancellationToken cancel
    ) => (this.pool, this.copies, this.scores, this.cancel) = (pool, copies, scores, cancel);

    /// <summary>Learns, and compares on kinds left out.</summary>
    /// <param name="pool">Features of images of the pool.</param>
    /// <param name="copies">Features of corrupted copies.</param>
    /// <param name="scores">Names of the last features, which are scores by themselves.</param>
    /// <param name="description">What the features are made from.</param>
    /// <param name="cancel">Stops between two fits.</param>
    public static (CorruptionModel Model, CorruptionFile.Trained? Trained) Of(
        float[][] pool,
        (Corruption Kind, float[] Features)[] copies,
        IReadOnlyList<string> scores,
        string description,
        CancellationToken cancel
    )
    {
        if (pool.Length < Fewest || copies.Length < Fewest)
            return (Nothing(pool.Length, copies.Length, description), null);
        return new CorruptionLearning(pool, copies, scores, cancel).Learn(description);
    }

    /// <summary>One fit alone.</summary>
    internal static CopyFit FitOnce(float[][] pool, (Corruption Kind, float[] Features)[] copies) =>
        new CorruptionLearning(pool, copies, [], default).Fit(pool, copies, 1).Fit;

    private (CorruptionModel Model, CorruptionFile.Trained Trained) Learn(string description)
    {
        CorruptionVerdict verdict = Compare();
        // A part is kept for the calibration; the sample has no order that it could follow.
        float[][] seen = [.. pool.Where((_, at) => at % CalibrationPart > 0)],
            apart = [.. pool.Where((_, at) => at % CalibrationPart == 0)];
        (Corruption, float[])[] seenCopies = [.. copies.Where((_, at) => at % CalibrationPart > 0)];
        (CopyFit fit, CorruptionFile.Trained trained) = Fit(seen, seenCopies, Steps);
        (double slope, double shift) = Calibrate(
            [.. apart.Select(fit.Margin).Where(margin => margin > 0)],
            [.. copies.Where((_, at) => at % CalibrationPart == 0).Select(copy => fit.Margin(copy.Features))]
        );
        return (
            new CorruptionModel
            {
                Features = description,
                Offset = fit.Offset,
                Scale = fit.Scale,
                Weights = fit.Weights,
                Bias = fit.Bias,
                Slope = slope,
                Shift = shift,
                Verdict = verdict,
            },
            trained
        );
    }

    // Every kind is left out once; half of the pool trains, the other half is judged.
    private CorruptionVerdict Compare()
    {
        int every = Math.Max(1, pool.Length / Compared);
        float[][] some = [.. pool.Where((_, at) => at % every == 0)],
            trains = [.. some.Where((_, at) => at % 2 == 0)],
            judged = [.. some.Where((_, at) => at % 2 == 1)];
        (Corruption Kind, float[] Features)[] spoilt = [.. copies.Where((_, at) => at % every == 0)];
        SortedDictionary<string, double> learned = new(StringComparer.Ordinal);
        double[] singles = new double[scores.Count];
        Corruption[] there = [.. Kinds.Where(kind => spoilt.Any(copy => copy.Kind == kind))];
        for (int fold = 0; fold < Folds; fold++)
        {
            Corruption[] left = [.. there.Where((_, at) => at % Folds == fold)];
            if (left.Length == 0)
                continue;
            (CopyFit fit, _) = Fit(trains, [.. spoilt.Where(copy => !left.Contains(copy.Kind))], 2);
            foreach (Corruption kind in left)
            {
                float[][] unseen = [.. spoilt.Where(copy => copy.Kind == kind).Select(copy => copy.Features)];
                learned[Enum.GetName(kind)!.ToLowerInvariant()] = Auroc(judged.Select(fit.Margin), unseen.Select(fit.Margin));
                for (int score = 0; score < singles.Length; score++)
                    singles[score] +=
                        Auroc(judged.Select(row => Single(row, score)), unseen.Select(row => Single(row, score))) / there.Length;
            }
        }
        int best = Array.IndexOf(singles, singles.Max());
        return new CorruptionVerdict(learned.Values.Average(), singles[best], scores[best], learned, pool.Length, copies.Length);
    }

    // Entropy and energy are lower for the familiar.
    private float Single(float[] row, int score) =>
        row[row.Length - scores.Count + score] * (scores[score] is "entropy" or "energy" ? -1 : 1);

    private (CopyFit Fit, CorruptionFile.Trained Trained) Fit(
        float[][] positives,
        (Corruption Kind, float[] Features)[] negatives,
        int steps
    )
    {
        IDataView first = View(positives, negatives);
        NormalizingTransformer normaliser = context
            .Transforms.NormalizeMeanVariance(nameof(CorruptionExample.Features), maximumExampleCount: int.MaxValue, fixZero: false)
            .Fit(first);
        float[][] kept = positives;
        MaximumEntropyModelParameters? before = null;
        for (int step = 1; ; step++)
        {
            cancel.ThrowIfCancellationRequested();
            IDataView rows = View(kept, negatives);
            MulticlassPredictionTransformer<MaximumEntropyModelParameters> predictor = context
                .MulticlassClassification.Trainers.LbfgsMaximumEntropy(
                    new LbfgsMaximumEntropyMulticlassTrainer.Options
                    {
                        LabelColumnName = nameof(CorruptionExample.Class),
                        FeatureColumnName = nameof(CorruptionExample.Features),
                        ExampleWeightColumnName = nameof(CorruptionExample.Weight),
                        L1Regularization = 0,
                        // The trainer divides it by the sum of weights.
                        L2Regularization = Penalty * (kept.Length + negatives.Length),
                        MaximumNumberOfIterations = before is null ? Iterations : MoreIterations,
                        // One thread: the order of additions, and so the weights, are the same on every run.
                        NumberOfThreads = 1,
                    }
                )
                .Fit(normaliser.Transform(rows), before);
            CopyFit fit = CopyFit.Of(normaliser, predictor.Model);
            float[][] left = [.. positives.Where(row => fit.Margin(row) > 0)];
            if (step == steps || left.Length < Fewest / 2)
                return (fit, new CorruptionFile.Trained(context, normaliser.Append(predictor), first.Schema));
            (kept, before) = (left, predictor.Model);
        }
    }

    // The pool weighs as much as all copies, and each kind as much as the others.
    private IDataView View(float[][] positives, (Corruption Kind, float[] Features)[] negatives)
    {
        float half = (positives.Length + negatives.Length) / 2f;
        Dictionary<Corruption, int> counts = negatives.CountBy(copy => copy.Kind).ToDictionary();
        return CorruptionExample.View(
            context,
            [
                .. positives.Select(row => new CorruptionExample { Features = row, Weight = half / positives.Length }),
                .. negatives.Select(copy => new CorruptionExample
                {
                    Features = copy.Features,
                    Class = 1 + (uint)copy.Kind,
                    Weight = half / counts.Count / counts[copy.Kind],
                }),
            ],
            pool[0].Length,
            1 + Kinds.Length
        );
    }

    // Images of the pool that look like copies are left out here too: otherwise a pool with much noise would teach that noise is as likely
    // wanted.
    private (double Slope, double Shift) Calibrate(float[] positives, float[] negatives)
    {
        if (positives.Length == 0 || negatives.Length == 0)
            return (1, 0);
        IEnumerable<CorruptionExample> rows =
        [
            .. positives.Select(margin => new CorruptionExample
            {
                Features = [margin],
                Score = margin,
                Label = true,
            }),
            .. negatives.Select(margin => new CorruptionExample { Features = [margin], Score = margin }),
        ];
        ISingleFeaturePredictionTransformer<PlattCalibrator> fitted = context
            .BinaryClassification.Calibrators.Platt(nameof(CorruptionExample.Label), nameof(CorruptionExample.Score))
            .Fit(CorruptionExample.View(context, rows, 1, 1 + Kinds.Length));
        // Platt's p = 1/(1 + exp(slope·s + offset)).
        return (-fitted.Model.Slope, -fitted.Model.Offset);
    }

    private double Auroc(IEnumerable<float> positives, IEnumerable<float> negatives)
    {
        IEnumerable<CorruptionExample> rows =
        [
            .. positives.Select(score => new CorruptionExample
            {
                Features = [score],
                Score = score,
                Label = true,
            }),
            .. negatives.Select(score => new CorruptionExample { Features = [score], Score = score }),
        ];
        return context
            .BinaryClassification.EvaluateNonCalibrated(
                CorruptionExample.View(context, rows, 1, 1 + Kinds.Length),
                nameof(CorruptionExample.Label),
                nameof(CorruptionExample.Score),
                nameof(CorruptionExample.Label)
            )
            .AreaUnderRocCurve;
    }

    private static CorruptionModel Nothing(int pool, int copies, string description) =>
        new()
        {
            Features = description,
            Offset = [],
            Scale = [],
            Weights = [],
            Bias = [],
            Slope = 1,
            Shift = 0,
            Verdict = new CorruptionVerdict(0, 0, "", new Dictionary<string, double>(), pool, copies),
        };
}

/// <summary>A fit's numbers.</summary>
internal sealed record CopyFit(float[] Offset, float[] Scale, float[][] Weights, float[] Bias)
{
    public static CopyFit Of(NormalizingTransformer normaliser, MaximumEntropyModelParameters model)
    {
        NormalizingTransformer.AffineNormalizerModelParameters<ImmutableArray<float>> scaling =
            (NormalizingTransformer.AffineNormalizerModelParameters<ImmutableArray<float>>)normaliser.GetNormalizerModelParameters(0);
        VBuffer<float>[] weights = [];
        model.GetWeights(ref weights, out int classes);
        float[] scale = [.. scaling.Scale];
        return new CopyFit(
            scaling.Offset.IsDefaultOrEmpty ? new float[scale.Length] : [.. scaling.Offset],
            scale,
            [.. weights.Take(classes).Select(row => row.DenseValues().ToArray())],
            [.. model.GetBiases()]
        );
    }

    /// <summary>ln p(pool) − ln Σ p(kind).</summary>
    public float Margin(float[] features)
    {
        double[] logits = new double[Weights.Length];
        for (int c = 0; c < logits.Length; c++)
        {
            double sum = Bias[c];
            for (int f = 0; f < features.Length; f++)
                sum += (features[f] - Offset[f]) * (double)Scale[f] * Weights[c][f];
            logits[c] = sum;
        }
        double most = logits.Skip(1).Max();
        return (float)(logits[0] - most - Math.Log(logits.Skip(1).Sum(logit => Math.Exp(logit - most))));
    }
}
