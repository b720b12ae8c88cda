// Caching as a worker of the engine does it: teacher and images of a plan stay loaded until a shard of another plan comes.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Sharding;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Engine;

/// <summary>Computes ranges of steps.</summary>
/// <param name="threads">CPU threads that decode; libtorch has those of the plan.</param>
/// <param name="note">Hears what was found damaged.</param>
internal sealed class CacheStage(int threads, Action<string> note) : IShardStage
{
    /// <summary>The stage's name.</summary>
    public const string Stage = "cache";

    private (string Folder, string Plan, ShardedCache Run)? open;

    public string Name => Stage;

    public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
    {
        ShardedCache run = Open(message, root, cancel);
        try
        {
            return run.One(message.Shard, rows, cancel);
        }
        catch (ShardException conflict) when (conflict.Problem == ShardProblem.Conflict)
        {
            note(conflict.Message);
            return ShardOutcome.Failed;
        }
    }

    public void Dispose() => Close();

    private void Close()
    {
        open?.Run.Dispose();
        open = null;
    }

    private ShardedCache Open(ShardMessage message, PoolRoot root, CancellationToken cancel)
    {
        if (open is { } now && now.Folder == message.Folder && now.Plan == message.Plan)
        {
            // A shard of another stage may have set its own.
            TorchRuntime.Start(now.Run.Plan.Threads);
            return now.Run;
        }
        Close();
        // What cannot be opened here is no fault of the shard: the plan was made of it.
        try
        {
            CacheOptions options = CacheJob.Read(message.Folder).Options(threads);
            if (CacheFolder.Of(options.Output) != message.Folder)
                throw new UsageException($"{message.Folder} holds the options of {options.Output}");
            foreach (string path in (string[])[options.Output, options.Selection, .. InputPaths.Models([options.Teacher])])
                root.Require(path);
            foreach (string path in InputPaths.Files(SelectionImages.Read(options.Selection, cancel).Paths))
                root.Require(path);
            CachePlan plan = CachePlan.Read(message.Folder) ?? throw new UsageException($"{message.Folder} has no plan: it is finished");
            TorchRuntime.Start(plan.Threads);
            if (CacheShards.Board(options.Output).Sha256 != message.Plan)
                throw new UsageException($"{message.Folder} has another plan than the one that was queued");
            ShardedCache run = new(options, null, mayPlan: false, note, null, cancel);
            open = (message.Folder, message.Plan, run);
            run.Load(cancel);
            return run;
        }
        catch (Exception not) when (not is not (OperationCanceledException or ShardRefusedException or OutOfMemoryException))
        {
            Close();
            throw new ShardRefusedException(not.Message);
        }
    }
}
