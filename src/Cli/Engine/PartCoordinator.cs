// What score --engine and cache --engine share: shards that end as parts, queued until all are there, and joined.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Engine;

/// <summary>Has the shards of a plan computed by the workers of an engine.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Lease">How long a worker's shard is its own after it was heard of last.</param>
/// <param name="Stage">The stage.</param>
internal sealed record PartCoordinator(EngineOptions Engine, TimeSpan Lease, string Stage)
{
    /// <summary>Sees that the engine is there, before anything costly is done.</summary>
    /// <exception cref="EngineException">It is not.</exception>
    public void Check(CancellationToken cancel) => Blocking.Wait(() => Coordinator.CheckAsync(Engine, cancel));

    /// <summary>Runs until all parts are there, and joins them. What is damaged by then is computed again.</summary>
    /// <param name="board">The plan.</param>
    /// <param name="finish">Joins.</param>
    /// <param name="note">Hears what an operator should know.</param>
    /// <param name="progress">Hears where the run stands.</param>
    /// <param name="cancel">Stops.</param>
    public T Run<T>(PartBoard board, Func<T> finish, Action<string> note, IProgress<FleetProgress>? progress, CancellationToken cancel)
    {
        FleetRun run = new()
        {
            Stage = Stage,
            Folder = board.Folder,
            Plan = board.Sha256,
            Version = board.Version,
            Profile = board.Numerics,
            Shards = board.Shards,
            Rows = board.Rows,
        };
        CoordinatorOptions coordination = Coordination.Of(() => Look(board), Lease, note, progress);
        while (true)
        {
            Blocking.Wait(() => Coordinator.RunAsync(Engine, run, coordination, cancel));
            try
            {
                return finish();
            }
            catch (ShardException damaged) when (damaged.Problem == ShardProblem.Damaged && board.RemoveDamaged(note, cancel) > 0)
            {
                // They are missing now, and queued again.
            }
        }
    }

    private static ShardStanding Look(PartBoard board)
    {
        try
        {
            return board.Look();
        }
        catch (DirectoryNotFoundException)
        {
            throw Coordination.Ended($"{board}");
        }
    }
}
