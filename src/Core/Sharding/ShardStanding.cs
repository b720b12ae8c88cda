// What stands on disk of a plan.

namespace DataFreeKD.Core.Sharding;

/// <summary>What is finished of a plan, and what is not.</summary>
/// <param name="Missing">Shards without a result that may be tried, in ascending order.</param>
/// <param name="Failed">Shards without a result that are not tried again.</param>
/// <param name="Rows">Rows of the finished shards.</param>
/// <param name="Conflict">Whether two processes came to other bytes for a shard, which ends the run.</param>
internal sealed record ShardStanding(IReadOnlyList<int> Missing, IReadOnlyList<int> Failed, long Rows, bool Conflict);

/// <summary>What became of a shard that a process was given.</summary>
internal enum ShardOutcome
{
    /// <summary>Its result is on disk.</summary>
    Done,

    /// <summary>It has none and is not to be tried again; the disk says why.</summary>
    Failed,

    /// <summary>It failed, and may be tried again after a while.</summary>
    Again,

    /// <summary>Another process is at it, and holds it.</summary>
    Held,
}
