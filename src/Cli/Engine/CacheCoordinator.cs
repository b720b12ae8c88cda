// dfkd cache --engine: the plan, the queue, and the file at the end.

using System.Diagnostics;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Sharding;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Engine;

/// <summary>Has a cache computed by the workers of an engine.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Lease">How long a worker's shard is its own after it was heard of last.</param>
/// <param name="Size">Records a shard; null for the usual, or the plan's.</param>
/// <param name="RetryFailed">Whether shards are tried again that failed before.</param>
internal sealed record CacheCoordinator(EngineOptions Engine, TimeSpan Lease, int? Size, bool RetryFailed)
{
    /// <summary>Runs to the end.</summary>
    public CacheSummary Run(CacheOptions given, Action<string> note, IProgress<FleetProgress>? progress, CancellationToken cancel)
    {
        Stopwatch clock = Stopwatch.StartNew();
        CacheOptions options = CacheJob.Full(given);
        PartCoordinator parts = new(Engine, Lease, CacheStage.Stage);
        // Before the teacher is loaded and images are read.
        parts.Check(cancel);
        CacheShards.Plan(options, Size, note, cancel: cancel);
        using IPlanPlace place = CachePlace.Of(options, cancel: cancel);
        PartBoard board = CacheShards.Board(place, options.Output);
        if (RetryFailed)
            board.RetryFailed();
        new CacheJob(options).Write(place);
        CacheSummary summary = parts.Run(board, () => CacheShards.Finish(options, cancel), note, progress, cancel);
        return summary with { Seconds = clock.Elapsed.TotalSeconds };
    }
}
