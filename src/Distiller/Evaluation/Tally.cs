// Running counts of an evaluation.

namespace DataFreeKD.Distiller.Evaluation;

/// <summary>Counts decisions, ranks and calibration of one model.</summary>
internal sealed class Tally(int classes)
{
    private const int Bins = 15;
    private readonly long[] binCount = new long[Bins],
        binRight = new long[Bins];
    private readonly double[] binConfidence = new double[Bins];
    private long right,
        rightInFive;
    private double loss,
        confidenceSum;

    /// <summary>Counts by [label][decision].</summary>
    public long[][] Confusion { get; } = [.. Enumerable.Range(0, classes).Select(_ => new long[classes])];

    /// <summary>Images counted.</summary>
    public long Images { get; private set; }

    /// <summary>Adds one image by its log-probabilities; returns the decision. Ties go to the lower class.</summary>
    public int Add(ReadOnlySpan<float> logProbabilities, int label)
    {
        int decision = ClassDecision.Of(logProbabilities),
            better = 0;
        for (int c = 0; c < logProbabilities.Length; c++)
            if (logProbabilities[c] > logProbabilities[label] || (logProbabilities[c] == logProbabilities[label] && c < label))
                better++;
        double confidence = Math.Min(1, Math.Exp(logProbabilities[decision]));
        int bin = Math.Min(Bins - 1, (int)(confidence * Bins));
        bool hit = decision == label;
        Images++;
        Confusion[label][decision]++;
        right += hit ? 1 : 0;
        rightInFive += better < 5 ? 1 : 0;
        loss -= logProbabilities[label];
        confidenceSum += confidence;
        binCount[bin]++;
        binRight[bin] += hit ? 1 : 0;
        binConfidence[bin] += confidence;
        return decision;
    }

    public double Top1 => (double)right / Images;

    public double Top5 => (double)rightInFive / Images;

    public double NegativeLogLikelihood => loss / Images;

    public double MeanConfidence => confidenceSum / Images;

    /// <summary>Σ_bins n_b/n·|accuracy_b − confidence_b|.</summary>
    public double CalibrationError => Enumerable.Range(0, Bins).Sum(bin => Math.Abs(binRight[bin] - binConfidence[bin])) / Images;

    /// <summary>Accuracy of a class; NaN without images.</summary>
    public double Accuracy(int label) => (double)Confusion[label][label] / Confusion[label].Sum();
}
