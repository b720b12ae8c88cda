// What a worker can compute.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Fleet;

/// <summary>A stage whose shards are pure functions of a plan. What it has loaded for a plan it keeps for the next shard.</summary>
internal interface IShardStage : IDisposable
{
    /// <summary>Its name in messages.</summary>
    string Name { get; }

    /// <summary>Computes a shard and puts its part on disk, unless there is one.</summary>
    /// <param name="message">The shard.</param>
    /// <param name="root">What may be read and written.</param>
    /// <param name="rows">Is told the rows done so far, now and then.</param>
    /// <param name="holds">Whether the shard is still this worker's: false from half of the lease on after which another may have it. For
    /// stages that do what may not be done twice at a time.</param>
    /// <param name="cancel">Stops; the shard then stays as it was.</param>
    /// <exception cref="ShardRefusedException">This machine cannot compute it, and others may.</exception>
    ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel);
}
