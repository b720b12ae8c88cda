// What training runs say while they go and when they end.

using System.Globalization;
using DataFreeKD.Distiller;

namespace DataFreeKD.Cli.Output;

/// <summary>Text of training progress and summaries.</summary>
internal static class TrainingText
{
    /// <summary>One progress line.</summary>
    /// <param name="progress">The moment.</param>
    /// <param name="score">What the held-out score is called: agreement or accuracy.</param>
    public static ProgressLine Show(TrainProgress progress, string score)
    {
        List<string> parts = [];
        if (double.IsFinite(progress.Loss)) parts.Add(Invariant($"loss {progress.Loss:F3}"));
        if (double.IsFinite(progress.HeldOut)) parts.Add(Invariant($"held-out {score} {100 * progress.HeldOut:F1} %"));
        if (progress.ImagesPerSecond > 0) parts.Add(Invariant($"{progress.ImagesPerSecond:F0} images/s"));
        return new(progress.Phase, progress.Done, progress.Total, string.Join(", ", parts));
    }

    /// <summary>The closing lines.</summary>
    public static IEnumerable<string> Describe(RunSummary summary, string score)
    {
        string resumed = summary.ResumedFrom > 0 ? Invariant($" (went on from step {summary.ResumedFrom:N0})") : "";
        yield return Invariant($"{summary.Steps:N0} steps on {summary.Images:N0} images in {summary.Seconds:F1} s{resumed}, final loss {summary.FinalLoss:F3}");
        if (summary.HeldOut is { } heldOut) yield return Invariant($"held-out {score} {100 * heldOut:F2} % on {summary.HeldOutImages:N0} images");
        foreach ((string reason, long count) in summary.Skipped) yield return Invariant($"skipped {count:N0}: {reason}");
        yield return Invariant($"{summary.Parameters:N0} parameters -> {summary.Output}");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
