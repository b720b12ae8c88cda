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

    private readonly OpenPlan<Runs> plan = new();

    public string Name => Stage;

    public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
    {
        (ShardedComparison comparison, int trained) = plan.Of(message, () => Load(message, root, cancel));
        // A shard of another stage may have set its own.
        TorchRuntime.Start(trained);
        return comparison.One(message.Shard, comparison.Steps(rows), cancel);
    }

    public void Dispose() => plan.Dispose();

    private Runs Load(ShardMessage message, PoolRoot root, CancellationToken cancel)
    {
        ComparisonOptions options = CompareJob.Read(message.Folder).Options(threads);
        message.RequireFolder(ComparisonPlan.FolderOf(options.Output), options.Output);
        root.Require(options.Output);
        foreach (string path in ComparisonInputs.Of(options, cancel))
            root.Require(path);
        ComparisonPlan there = ComparisonPlan.Read(message.Folder)
            ?? throw new UsageException($"{message.Folder} has no plan: it is finished");
        TorchRuntime.Start(there.Threads);
        there.Require(ComparisonPlan.Of(options), message.Folder);
        ShardedComparison comparison = new(options, cancel: cancel);
        message.RequirePlan(comparison.PlanSha256);
        return new Runs(comparison, there.Threads);
    }

    private sealed record Runs(ShardedComparison Comparison, int Threads);
}
