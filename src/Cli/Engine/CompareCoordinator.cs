// dfkd compare --engine: the plan, the queue, and the tables at the end.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Comparison;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Engine;

/// <summary>Has the runs of a comparison done by the workers of an engine.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Lease">How long a worker's run is its own after it was heard of last.</param>
/// <param name="RetryFailed">Whether runs are tried again that failed before.</param>
internal sealed record CompareCoordinator(EngineOptions Engine, TimeSpan Lease, bool RetryFailed)
{
    /// <summary>Runs to the end.</summary>
    public ComparisonSummary Run(
        ComparisonOptions options,
        Action<string> note,
        IProgress<FleetProgress>? progress,
        CancellationToken cancel
    )
    {
        // Before models are loaded.
        Blocking.Wait(() => Coordinator.CheckAsync(Engine, cancel));
        ShardedComparison comparison = new(options, note, cancel);
        ComparisonPlan plan = comparison.Plan();
        if (RetryFailed)
            comparison.RetryFailed(Enumerable.Range(0, comparison.Shards));
        new CompareJob(options).Write(comparison.Folder);
        FleetRun run = new()
        {
            Stage = CompareStage.Stage,
            Folder = comparison.Folder,
            Plan = comparison.PlanSha256,
            Version = plan.Version,
            Profile = plan.Numerics,
            Shards = comparison.Shards,
            Rows = comparison.Rows,
        };
        CoordinatorOptions coordination = Coordination.Of(() => Look(comparison), Lease, note, progress);
        Blocking.Wait(() => Coordinator.RunAsync(Engine, run, coordination, cancel));
        return comparison.Finish(cancel);
    }

    private static ShardStanding Look(ShardedComparison comparison)
    {
        ShardStanding standing = comparison.Look();
        return standing.Missing.Count == 0 || comparison.IsPlanned ? standing : throw Coordination.Ended(comparison.Folder);
    }
}
