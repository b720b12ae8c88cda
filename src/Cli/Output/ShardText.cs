// What a process says of its share of a plan.

using System.Globalization;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Cli.Output;

/// <summary>A share in words.</summary>
internal static class ShardText
{
    /// <summary>The lines at the end of a process.</summary>
    /// <param name="summary">What it did.</param>
    /// <param name="share">Its share; null for the plan alone.</param>
    /// <param name="output">The table.</param>
    public static IEnumerable<string> Lines(ShardSummary summary, ShardShare? share, string output)
    {
        if (share is { } own)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"share {own}: {summary.Done:N0} shards of {summary.Rows:N0} rows in {summary.Seconds:F1} s{(summary.Failed.Count > 0 ? $", {summary.Failed.Count:N0} failed" : "")}"
            );
        yield return string.Create(CultureInfo.InvariantCulture, $"{summary.Finished:N0} of {summary.Shards:N0} shards are finished");
        yield return summary.Finished == summary.Shards
            ? $"next: --finish in place of --shard, which writes {output}"
            : $"-> {output}.parts";
    }
}
