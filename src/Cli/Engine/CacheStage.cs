// Caching as a worker of the engine does it: teacher and images of a plan stay loaded until a shard of another plan comes.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Sharding;
using DataFreeKD.Fleet;
using DataFreeKD.Storage;

namespace DataFreeKD.Cli.Engine;

/// <summary>Computes ranges of steps.</summary>
/// <param name="threads">CPU threads that decode; libtorch has those of the plan.</param>
/// <param name="note">Hears what was found damaged.</param>
internal sealed class CacheStage(int threads, Action<string> note) : IShardStage
{
    /// <summary>The stage's name.</summary>
    public const string Stage = "cache";

    private readonly OpenPlan<ShardedCache> plan = new();

    public string Name => Stage;

    public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
    {
        ShardedCache run = plan.Of(message, () => Load(message, root, cancel));
        // A shard of another stage may have set its own.
        TorchRuntime.Start(run.Plan.Threads);
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

    public void Dispose() => plan.Dispose();

    private ShardedCache Load(ShardMessage message, PoolRoot root, CancellationToken cancel)
    {
        if (!BucketName.Fits(message.Folder))
        {
            CacheOptions beside = CacheJob.Read(message.Folder).Options(threads);
            message.RequireFolder(CacheFolder.Of(beside.Output), beside.Output);
            return Load(message, root, beside, CachePlace.Of(beside, cancel: CancellationToken.None), cancel);
        }
        return OpenPlan<ShardedCache>.InBucket(message, PartStore.Records, (bucket, place) =>
            Load(message, root, CacheJob.Read(place).Options(threads) with { Parts = bucket }, place, cancel)
        );
    }

    private ShardedCache Load(ShardMessage message, PoolRoot root, CacheOptions options, IPlanPlace place, CancellationToken cancel)
    {
        foreach (string path in (string[])[options.Output, options.Selection, .. InputPaths.Models([options.Teacher])])
            root.Require(path);
        foreach (string path in InputPaths.Files(SelectionImages.Read(options.Selection, cancel).Paths))
            root.Require(path);
        (CachePlan there, string sha256) = CachePlan.Read(place)
            ?? throw new UsageException($"{message.Folder} has no plan: it is finished");
        TorchRuntime.Start(there.Threads);
        message.RequirePlan(sha256);
        ShardedCache run = new(options, place, null, mayPlan: false, note, null, cancel);
        try
        {
            run.Load(cancel);
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }
}
