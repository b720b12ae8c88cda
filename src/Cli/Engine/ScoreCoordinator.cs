// dfkd score --engine: the plan, the queue, and the table at the end.

using System.Diagnostics;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Sharding;

namespace DataFreeKD.Cli.Engine;

/// <summary>Has a scoring run computed by the workers of an engine.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Lease">How long a worker's shard is its own after it was heard of last.</param>
/// <param name="Sharding">The size of shards, and whether failed ones are tried again.</param>
/// <param name="Finish">How the table is written.</param>
internal sealed record ScoreCoordinator(EngineOptions Engine, TimeSpan Lease, ShardOptions Sharding, FinishOptions Finish)
{
    /// <summary>Runs to the end.</summary>
    public ScoreSummary Run(ScoreOptions given, Action<string> note, IProgress<FleetProgress>? progress, CancellationToken cancel)
    {
        Stopwatch clock = Stopwatch.StartNew();
        ScoreOptions options = ScoreJob.Full(given);
        PartCoordinator parts = new(Engine, Lease, ScoreStage.Stage);
        // Before the pool is counted and the teacher is loaded.
        parts.Check(cancel);
        ScoreShards.Plan(options, Sharding with { Note = note }, cancel);
        using IPlanPlace place = ScorePlace.Of(options, cancel: cancel);
        ShardBoard board = ShardBoard.Open(place, options.Output);
        if (Sharding.RetryFailed)
            board.RetryFailed();
        ScoreJob.Of(options).Write(place);
        ScoreSummary summary = parts.Run(board, () => ScoreShards.Finish(options, Finish, cancel), note, progress, cancel);
        double seconds = clock.Elapsed.TotalSeconds;
        return summary with { Seconds = seconds, ImagesPerSecond = summary.Rows / seconds };
    }
}
