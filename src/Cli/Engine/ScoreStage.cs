// Scoring as a worker of the engine does it: the teacher of a plan stays loaded until a shard of another plan comes.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Sharding;

namespace DataFreeKD.Cli.Engine;

/// <summary>Scores shards.</summary>
/// <param name="threads">CPU threads.</param>
/// <param name="note">Hears what was found damaged.</param>
internal sealed class ScoreStage(int threads, Action<string> note) : IShardStage
{
    /// <summary>The stage's name.</summary>
    public const string Stage = "score";

    private (string Folder, string Plan, ShardWorker Worker)? open;

    public string Name => Stage;

    public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
    {
        ShardWorker worker = WorkerOf(message, root, cancel);
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

    public void Dispose() => Close();

    private void Close()
    {
        open?.Worker.Dispose();
        open = null;
    }

    private ShardWorker WorkerOf(ShardMessage message, PoolRoot root, CancellationToken cancel)
    {
        if (open is { } now && now.Folder == message.Folder && now.Plan == message.Plan)
        {
            // A shard of another stage may have set its own.
            TorchRuntime.Start(threads);
            return now.Worker;
        }
        Close();
        // What cannot be opened here is no fault of the shard: the plan was made of it.
        try
        {
            ScoreOptions options = ScoreJob.Read(message.Folder).Options(threads);
            if (ShardBoard.FolderOf(options.Output) != message.Folder)
                throw new UsageException($"{message.Folder} holds the options of {options.Output}");
            RequireWithin(root, options);
            ShardBoard board = ShardBoard.Open(options.Output);
            if (board.Sha256 != message.Plan)
                throw new UsageException($"{message.Folder} has another plan than the one that was queued");
            foreach (string source in board.Sources)
                root.Require(source);
            TorchRuntime.Start(threads);
            ShardWorker worker = new(options, root.Holds, note, cancel);
            open = (message.Folder, message.Plan, worker);
            return worker;
        }
        catch (Exception not) when (not is not (OperationCanceledException or ShardRefusedException or OutOfMemoryException))
        {
            throw new ShardRefusedException(not.Message);
        }
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
