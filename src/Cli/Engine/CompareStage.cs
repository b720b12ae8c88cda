// Runs of a comparison as a worker of the engine does them.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Comparison;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Engine;

/// <summary>Does runs.</summary>
/// <param name="threads">CPU threads that decode; libtorch has those of the plan.</param>
internal sealed class CompareStage(int threads) : IShardStage
{
    /// <summary>The stage's name.</summary>
    public const string Stage = "compare";

    private (string Folder, string Plan, int Threads, ShardedComparison Runs)? open;

    public string Name => Stage;

    public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
    {
        ShardedComparison comparison = Open(message, root, cancel);
        return comparison.One(message.Shard, comparison.Steps(rows), cancel);
    }

    public void Dispose() => open = null;

    private ShardedComparison Open(ShardMessage message, PoolRoot root, CancellationToken cancel)
    {
        if (open is { } now && now.Folder == message.Folder && now.Plan == message.Plan)
        {
            // A shard of another stage may have set its own.
            TorchRuntime.Start(now.Threads);
            return now.Runs;
        }
        open = null;
        // What cannot be opened here is no fault of the run: the coordinator opened it before it was queued.
        try
        {
            ComparisonOptions options = CompareJob.Read(message.Folder).Options(threads);
            if (ComparisonPlan.FolderOf(options.Output) != message.Folder)
                throw new UsageException($"{message.Folder} holds the options of {options.Output}");
            root.Require(options.Output);
            foreach (string path in ComparisonInputs.Of(options, cancel))
                root.Require(path);
            ComparisonPlan plan = ComparisonPlan.Read(message.Folder)
                ?? throw new UsageException($"{message.Folder} has no plan: it is finished");
            TorchRuntime.Start(plan.Threads);
            plan.Require(ComparisonPlan.Of(options), message.Folder);
            ShardedComparison comparison = new(options, cancel: cancel);
            if (comparison.PlanSha256 != message.Plan)
                throw new UsageException($"{message.Folder} has another plan than the one that was queued");
            open = (message.Folder, message.Plan, plan.Threads, comparison);
            return comparison;
        }
        catch (Exception not) when (not is not (OperationCanceledException or ShardRefusedException or OutOfMemoryException))
        {
            throw new ShardRefusedException(not.Message);
        }
    }
}
