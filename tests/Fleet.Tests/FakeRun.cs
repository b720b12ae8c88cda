// A run whose parts are in memory and whose shards are nothing: what is tested is the handing out.

using System.Collections.Concurrent;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Fleet.Tests;

internal sealed class FakeRun(string folder, int shards)
{
    public const string Stage = "fake";

    /// <summary>How often each shard was computed to its end.</summary>
    public ConcurrentDictionary<int, int> Parts { get; } = new();

    /// <summary>Shards that are not tried again.</summary>
    public ConcurrentDictionary<int, int> Failed { get; } = new();

    public FleetRun Run { get; init; } =
        new()
        {
            Stage = Stage,
            Folder = folder,
            Plan = "plan",
            Version = "1",
            Profile = "native",
            Shards = shards,
            Rows = shards * 10L,
        };

    public ConcurrentQueue<string> Notes { get; } = new();

    public Task<ShardStanding> Coordinate(NatsServer server, TimeSpan? lease = null, CancellationToken cancel = default) =>
        Coordinator.RunAsync(
            server.Engine,
            Run,
            new CoordinatorOptions
            {
                Look = Look,
                Lease = lease ?? TimeSpan.FromSeconds(30),
                Period = TimeSpan.FromMilliseconds(300),
                Note = Notes.Enqueue,
            },
            cancel
        );

    /// <summary>A worker of the right kind, which works until it is cancelled.</summary>
    public Task<WorkerSummary> Work(
        NatsServer server,
        CancellationToken stop,
        Func<int, CancellationToken, ShardOutcome>? compute = null,
        Func<WorkerOptions, WorkerOptions>? change = null
    )
    {
        WorkerOptions options = new()
        {
            Root = folder,
            Version = "1",
            Note = Notes.Enqueue,
        };
        return Worker.RunAsync(server.Engine, [new FakeStage(this, compute)], change?.Invoke(options) ?? options, stop);
    }

    public ShardStanding Look()
    {
        int[] open = [.. Enumerable.Range(0, shards).Where(shard => !Parts.ContainsKey(shard))];
        return new ShardStanding(
            [.. open.Where(shard => !Failed.ContainsKey(shard))],
            [.. open.Where(Failed.ContainsKey)],
            Parts.Count * 10L,
            Conflict: false
        );
    }

    private sealed class FakeStage(FakeRun run, Func<int, CancellationToken, ShardOutcome>? compute) : IShardStage
    {
        public string Name => Stage;

        public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
        {
            ShardOutcome end = compute?.Invoke(message.Shard, cancel) ?? ShardOutcome.Done;
            if (end == ShardOutcome.Done)
            {
                rows(10);
                run.Parts.AddOrUpdate(message.Shard, 1, (_, times) => times + 1);
            }
            else if (end == ShardOutcome.Failed)
            {
                run.Failed[message.Shard] = 1;
            }
            return end;
        }

        public void Dispose() { }
    }
}
