// What a pruning says when it ends.

using DataFreeKD.Distiller.Pruning;
using static System.FormattableString;

namespace DataFreeKD.Cli.Output;

internal static class PruningText
{
    /// <summary>The closing lines.</summary>
    public static IEnumerable<string> Describe(PruneSummary summary)
    {
        if (summary.Frontier.Count > 0)
        {
            yield return Frontier(summary.Frontier, summary.TeacherAccuracy is not null);
            yield return FrontierPlot.Of(summary.Frontier, summary.TeacherParameters);
        }
        string resumed = summary.ResumedFrom > 0 ? Invariant($" (went on after block {summary.ResumedFrom})") : "";
        yield return Invariant(
            $"{summary.Student}: {summary.Blocks.Count} blocks fitted on {summary.Images:N0} images in {summary.Seconds:F1} s{resumed}, blocks {string.Join(", ", summary.Blocks)} of the teacher"
        );
        if (summary.HeldOut is { } agreement)
            yield return Invariant(
                $"held-out agreement {100 * agreement:F2} % on {summary.HeldOutImages:N0} images, estimated to keep {TrainingText.Percent(summary.Retained ?? double.NaN)} of the teacher's accuracy{(summary.TeacherAccuracy is null ? "" : $" (top-1 {TrainingText.Percent(summary.Estimate ?? double.NaN)})")}"
            );
        foreach (string skipped in TrainingText.Skipped(summary.Skipped))
            yield return skipped;
        yield return Invariant(
            $"{summary.Parameters:N0} parameters ({Share(summary.Parameters, summary.TeacherParameters)} of the teacher's), {summary.Macs:N0} MACs ({Share(summary.Macs, summary.TeacherMacs)}) -> {summary.Output}"
        );
    }

    // The top-1 is told only where the teacher's is known: its probabilities alone may be far from it.
    private static string Frontier(IEnumerable<FrontierPoint> points, bool known) =>
        TextTable.Format(
            ["shape", "parameters", "MACs", "images/s", "agreement", known ? "estimated top-1" : "of the teacher's accuracy", ""],
            points.Select(point =>
                (string[])
                    [
                        point.Student,
                        Invariant($"{point.Parameters:N0}"),
                        Invariant($"{point.Macs:N0}"),
                        Invariant($"{point.ImagesPerSecond:F0}"),
                        TrainingText.Percent(point.Agreement),
                        TrainingText.Percent(known ? point.Estimate : point.Retained),
                        point.Chosen ? "<- taken" : "",
                    ]
            )
        );

    private static string Share(long part, long whole) => Invariant($"{100.0 * part / whole:F1} %");
}
