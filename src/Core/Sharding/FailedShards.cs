// failed.json: which shards are not tried again, and why.

using System.Text.Json.Serialization;

namespace DataFreeKD.Core.Sharding;

/// <summary>Tells what failed.</summary>
internal static class FailedShards
{
    /// <summary>The file's name.</summary>
    public const string Name = "failed.json";

    /// <summary>A shard that failed.</summary>
    /// <param name="Shard">Its number.</param>
    /// <param name="Reasons">What was wrong with each attempt.</param>
    public sealed record Entry(int Shard, IReadOnlyList<string> Reasons)
    {
        /// <summary>Its name, where it has one beside its number.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Run { get; init; }
    }

    /// <summary>Writes those of a plan that have no result and are not tried again.</summary>
    /// <param name="attempts">The attempts.</param>
    /// <param name="shards">Shards of the plan.</param>
    /// <param name="finished">Whether a shard has its result.</param>
    /// <param name="name">A shard's name; null where they have numbers alone.</param>
    public static IReadOnlyList<Entry> Write(AttemptLog attempts, int shards, Func<int, bool> finished, Func<int, string>? name = null)
    {
        List<Entry> failed = [];
        HashSet<int> tried = attempts.Tried(shards);
        for (int shard = 0; shard < shards; shard++)
        {
            if (tried.Contains(shard) && !finished(shard) && attempts.FailuresOf(shard) is var failures && AttemptLog.IsPoison(failures))
                failed.Add(new Entry(shard, [.. failures.Select(failure => failure.Message)]) { Run = name?.Invoke(shard) });
        }
        attempts.WriteFailed(failed);
        return failed;
    }

    /// <summary>Numbers in ascending order, with ranges: <c>0-3, 7</c>; at most so many ranges as fit a line.</summary>
    public static string Text(IReadOnlyList<int> shards)
    {
        const int most = 12;
        List<string> ranges = [];
        for (int at = 0; at < shards.Count && ranges.Count < most; at++)
        {
            int first = at;
            while (at + 1 < shards.Count && shards[at + 1] == shards[at] + 1)
                at++;
            ranges.Add(first == at ? $"{shards[at]}" : $"{shards[first]}-{shards[at]}");
            if (ranges.Count == most && at + 1 < shards.Count)
                ranges.Add("...");
        }
        return string.Join(", ", ranges);
    }
}
