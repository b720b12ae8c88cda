// Scoring as a worker of the engine does it: the teacher of a plan stays loaded until a shard of another plan comes.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Sharding;
using DataFreeKD.Storage;

namespace DataFreeKD.Cli.Engine;

/// <summary>Scores shards.</summary>
/// <param name="threads">CPU threads.</param>
/// <param name="note">Hears what was found damaged.</param>
internal sealed class ScoreStage(int threads, Action<string> note) : IShardStage
{
    /// <summary>The stage's name.</summary>
    public const string Stage = "score";

    private readonly OpenPlan<ShardWorker> plan = new();

    public string Name => Stage;

    public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
    {
        // A shard of another stage may have set its own.
        TorchRuntime.Start(threads);
        ShardWorker worker = plan.Of(message, () => Load(message, root, cancel));
        try
        {
            return worker.Run(message.Shard, rows, cancel);
        }
        catch (ShardException outside) when (outside.Problem == ShardProblem.Outside)
        {
            throw new ShardRefusedException($"{outside.Message}: it is not within --root");
        }
        catch (ShardException conflict) when (conflict.Problem == ShardProblem.Conflict)
        {
            note(conflict.Message);
            return ShardOutcome.Failed;
        }
    }

    public void Dispose() => plan.Dispose();

    private ShardWorker Load(ShardMessage message, PoolRoot root, CancellationToken cancel)
    {
        if (!BucketName.Fits(message.Folder))
        {
            ScoreOptions beside = ScoreJob.Read(message.Folder).Options(threads);
            message.RequireFolder(ShardBoard.FolderOf(beside.Output), beside.Output);
            return Load(message, root, beside, ScorePlace.Of(beside, cancel: CancellationToken.None), cancel);
        }
        return OpenPlan<ShardWorker>.InBucket(message, PartStore.Table, (bucket, place) =>
            Load(message, root, ScoreJob.Read(place).Options(threads) with { Parts = bucket }, place, cancel)
        );
    }

    private ShardWorker Load(ShardMessage message, PoolRoot root, ScoreOptions options, IPlanPlace place, CancellationToken cancel)
    {
        RequireWithin(root, options);
        ShardBoard board = ShardBoard.Open(place, options.Output);
        message.RequirePlan(board.Sha256);
        foreach (string source in board.Sources)
            root.Require(source);
        return new ShardWorker(options, place, root.Holds, note, cancel);
    }

    private static void RequireWithin(PoolRoot root, ScoreOptions options)
    {
        string teacher = options.Teacher,
            file = ModelStore.PlaceOf(teacher);
        foreach (
            string? path in (string?[])
                [
                    .. options.Sources,
                    file,
                    .. Directory.Exists(file) ? Directory.EnumerateFileSystemEntries(file) : [],
                    options.Output,
                    options.EmbeddingsPath,
                    options.CopyModelPath,
                    options.CascadeModelPath,
                ]
        )
        {
            if (path is not null)
                root.Require(path);
        }
    }
}
