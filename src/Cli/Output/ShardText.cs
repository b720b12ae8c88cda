// What a process says of its share of a plan.

using System.Globalization;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;
using DataFreeKD.Storage;

namespace DataFreeKD.Cli.Output;

/// <summary>A share in words.</summary>
internal static class ShardText
{
    /// <summary>The lines at the end of a process.</summary>
    /// <param name="summary">What it did.</param>
    /// <param name="share">Its share; null for the plan alone.</param>
    /// <param name="output">The table.</param>
    /// <param name="parts">Where the parts lie; null for beside the table.</param>
    public static IEnumerable<string> Lines(ShardSummary summary, ShardShare? share, string output, PartsBucket? parts = null)
    {
        if (share is { } own)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"share {own}: {summary.Done:N0} shards of {summary.Rows:N0} rows in {summary.Seconds:F1} s{(summary.Failed.Count > 0 ? $", {summary.Failed.Count:N0} failed" : "")}"
            );
        yield return string.Create(CultureInfo.InvariantCulture, $"{summary.Finished:N0} of {summary.Shards:N0} shards are finished");
        yield return summary.Finished == summary.Shards
            ? $"next: --finish in place of --shard, which writes {output}"
            : $"-> {parts?.Address ?? output + ".parts"}";
    }

    /// <summary>The line of a coordinator at work.</summary>
    /// <param name="progress">Where the run stands.</param>
    /// <param name="stage">The stage.</param>
    public static ProgressLine Show(FleetProgress progress, string stage)
    {
        string failed = progress.Failed > 0 ? string.Create(CultureInfo.InvariantCulture, $", {progress.Failed:N0} failed") : "";
        return new(
            stage,
            progress.Rows,
            progress.AllRows,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{progress.RowsPerSecond:F0} images/s, {progress.Done:N0} of {progress.Shards:N0} shards, {progress.InFlight:N0} in flight{failed}"
            )
        );
    }
}
