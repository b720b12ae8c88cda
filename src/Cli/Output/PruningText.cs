// What a pruning says when it ends.

using DataFreeKD.Distiller.Pruning;
using static System.FormattableString;

namespace DataFreeKD.Cli.Output;

internal static class PruningText
{
    /// <summary>The closing lines.</summary>
    public static IEnumerable<string> Describe(PruneSummary summary)
    {
        if (summary.Frontier.Count > 0) yield return Frontier(summary.Frontier);
        string resumed = summary.ResumedFrom > 0 ? Invariant($" (went on after block {summary.ResumedFrom})") : "";
        yield return Invariant($"{summary.Student}: {summary.Blocks.Count} blocks fitted on {summary.Images:N0} images in {summary.Seconds:F1} s{resumed}, blocks {string.Join(", ", summary.Blocks)} of the teacher");
        if (summary.HeldOut is { } agreement) yield return Invariant($"held-out agreement {100 * agreement:F2} % on {summary.HeldOutImages:N0} images, estimated top-1 {TrainingText.Percent(summary.Estimate ?? double.NaN)}");
        foreach (string skipped in TrainingText.Skipped(summary.Skipped)) yield return skipped;
        yield return Invariant($"{summary.Parameters:N0} parameters ({Share(summary.Parameters, summary.TeacherParameters)} of the teacher's), {summary.Macs:N0} MACs ({Share(summary.Macs, summary.TeacherMacs)}) -> {summary.Output}");
    }

    /// <summary>The shapes tried, as a table.</summary>
    public static string Frontier(IEnumerable<FrontierPoint> points) => TextTable.Format(
        ["shape", "parameters", "MACs", "images/s", "agreement", "estimated top-1", ""],
        points.Select(point => (string[])[point.Student, Invariant($"{point.Parameters:N0}"), Invariant($"{point.Macs:N0}"), Invariant($"{point.ImagesPerSecond:F0}"), TrainingText.Percent(point.Agreement), TrainingText.Percent(point.Estimate), point.Chosen ? "<- taken" : ""]));

    private static string Share(long part, long whole) => Invariant($"{100.0 * part / whole:F1} %");
}
