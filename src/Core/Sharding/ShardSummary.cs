// What a process's share came to, in numbers.

namespace DataFreeKD.Core.Sharding;

/// <summary>Where a plan stands after a process has done its share.</summary>
/// <param name="Shards">Shards of the plan.</param>
/// <param name="Done">Shards that this process finished.</param>
/// <param name="Rows">Rows of those.</param>
/// <param name="Finished">Shards that are finished, by any process.</param>
/// <param name="Failed">Shards of this share that failed, and are not tried again unless asked for.</param>
/// <param name="Seconds">Wall seconds of this process.</param>
public sealed record ShardSummary(int Shards, int Done, long Rows, int Finished, IReadOnlyList<int> Failed, double Seconds);
