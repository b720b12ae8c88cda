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
        // Before the pool is counted and the teacher is loaded.
        Blocking.Wait(() => Coordinator.CheckAsync(Engine, cancel));
        ScoreShards.Plan(options, Sharding with { Note = note }, cancel);
        ShardBoard board = ShardBoard.Open(options.Output);
        if (Sharding.RetryFailed)
            board.RetryFailed();
        ScoreJob.Of(options).Write(board.Folder);
        FleetRun run = new()
        {
            Stage = ScoreStage.Stage,
            Folder = board.Folder,
            Plan = board.Sha256,
            Version = board.Version,
            Profile = board.Numerics,
            Shards = board.Shards,
            Rows = board.Rows,
        };
        CoordinatorOptions coordination = new()
        {
            Look = () => Look(board),
            Lease = Lease,
            Note = note,
            Progress = progress is null ? null : progress.Report,
        };
        while (true)
        {
            Blocking.Wait(() => Coordinator.RunAsync(Engine, run, coordination, cancel));
            try
            {
                ScoreSummary summary = ScoreShards.Finish(options, Finish, cancel);
                double seconds = clock.Elapsed.TotalSeconds;
                return summary with { Seconds = seconds, ImagesPerSecond = summary.Rows / seconds };
            }
            catch (ShardException damaged) when (damaged.Problem == ShardProblem.Damaged && board.RemoveDamaged(note, cancel) > 0)
            {
                // They are missing now, and queued again.
            }
        }
    }

    private static ShardStanding Look(ShardBoard board)
    {
        try
        {
            return board.Look();
        }
        catch (DirectoryNotFoundException)
        {
            throw new UsageException($"{board} was finished, or begun anew, by another process; see what is there");
        }
    }
}
