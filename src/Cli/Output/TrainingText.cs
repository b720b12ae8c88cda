// What training runs and evaluations say while they go and when they end.

using DataFreeKD.Distiller;
using static System.FormattableString;

namespace DataFreeKD.Cli.Output;

/// <summary>Text of progress, of summaries, and of what is in several of them.</summary>
internal static class TrainingText
{
    /// <summary>One progress line.</summary>
    /// <param name="progress">The moment.</param>
    /// <param name="score">What the held-out score is called: agreement or accuracy.</param>
    public static ProgressLine Show(TrainProgress progress, string score)
    {
        List<string> parts = [];
        if (double.IsFinite(progress.Loss))
            parts.Add(Invariant($"loss {progress.Loss:F3}"));
        if (double.IsFinite(progress.HeldOut))
            parts.Add(Invariant($"held-out {score} {100 * progress.HeldOut:F1} %"));
        if (progress.ImagesPerSecond > 0)
            parts.Add(Invariant($"{progress.ImagesPerSecond:F0} images/s"));
        return new(progress.Phase, progress.Done, progress.Total, string.Join(", ", parts));
    }

    /// <summary>The closing lines.</summary>
    public static IEnumerable<string> Describe(RunSummary summary, string score)
    {
        string resumed = summary.ResumedFrom > 0 ? Invariant($" (went on from step {summary.ResumedFrom:N0})") : "";
        yield return Invariant(
            $"{summary.Steps:N0} steps on {summary.Images:N0} images in {summary.Seconds:F1} s{resumed}, final loss {summary.FinalLoss:F3}"
        );
        if (summary is DistillSummary distilled)
            yield return Invariant($"the student began as: {distilled.Start}");
        if (summary.StoppedEarly)
            yield return Invariant($"stopped early: the held-out {score} no longer rose");
        if (summary.KeptStep < summary.Steps)
            yield return Invariant($"the weights after step {summary.KeptStep:N0} were the best and are the ones written");
        if (summary.HeldOut is { } heldOut)
            yield return Invariant($"held-out {score} {100 * heldOut:F2} % on {summary.HeldOutImages:N0} images");
        foreach (string skipped in Skipped(summary.Skipped))
            yield return skipped;
        yield return Invariant($"{summary.Parameters:N0} parameters -> {summary.Output}");
    }

    /// <summary>How many images were left out, a line for each reason.</summary>
    public static IEnumerable<string> Skipped(IReadOnlyDictionary<string, long> reasons) =>
        reasons.Select(pair => Invariant($"skipped {pair.Value:N0}: {pair.Key}"));

    /// <summary>A share in per cent, or a dash where there is none.</summary>
    public static string Percent(double share) => double.IsFinite(share) ? Invariant($"{100 * share:F2} %") : "-";
}
