// Queues the shards that have no part until all have one. It knows nothing that is not on disk: kill it, and start it again.

using System.Diagnostics;
using DataFreeKD.Core.Sharding;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace DataFreeKD.Fleet;

/// <summary>How a run is coordinated.</summary>
internal sealed record CoordinatorOptions
{
    /// <summary>Looks at the parts on disk.</summary>
    public required Func<ShardStanding> Look { get; init; }

    /// <summary>How long a worker's shard is its own after it was heard of last.</summary>
    /// <value>30 s.</value>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two looks, at most; sooner at the beginning.</summary>
    /// <value>5 s.</value>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Hears what an operator should know.</summary>
    public Action<string>? Note { get; init; }

    /// <summary>Hears where the run stands, after each look.</summary>
    public Action<FleetProgress>? Progress { get; init; }
}

/// <summary>Where a run stands.</summary>
/// <param name="Done">Finished shards.</param>
/// <param name="Failed">Shards that are not tried again.</param>
/// <param name="Shards">Shards of the plan.</param>
/// <param name="InFlight">Shards that workers have.</param>
/// <param name="Rows">Finished rows.</param>
/// <param name="AllRows">Rows of the plan.</param>
/// <param name="RowsPerSecond">Since the coordinator began.</param>
internal sealed record FleetProgress(int Done, int Failed, int Shards, int InFlight, long Rows, long AllRows, double RowsPerSecond);

/// <summary>Coordinates one run. Two at once are harmless.</summary>
internal static class Coordinator
{
    // Publications that wait for their answers at the same time.
    private const int Window = 512;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(200),
        Patience = TimeSpan.FromMinutes(1),
        Answers = TimeSpan.FromSeconds(2);

    /// <summary>Sees that the engine is there, before anything costly is done.</summary>
    /// <exception cref="EngineException">It is not, or it may not be used so.</exception>
    public static async Task CheckAsync(EngineOptions engine, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        await using Engine open = await Engine.ConnectAsync(engine, "coordinator", cancel);
    }

    /// <summary>Runs until no shard is left that may be tried, or two machines contradict; then removes the queue.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="run">The run.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops; the queue stays, and workers go on with it.</param>
    /// <returns>What stands on disk at the end.</returns>
    /// <exception cref="EngineException">The engine is not there at the start.</exception>
    public static async Task<ShardStanding> RunAsync(
        EngineOptions engine,
        FleetRun run,
        CoordinatorOptions options,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        await using Engine open = await Engine.ConnectAsync(engine, "coordinator", cancel);
        Turn turn = new(open, run, options);
        await using Presence presence = Presence.Of(open, () => turn.Now);
        while (true)
        {
            ShardStanding state = turn.Look();
            if (state.Conflict || state.Missing.Count == 0)
            {
                await turn.CloseAsync(cancel);
                return state;
            }
            await turn.QueueAsync(cancel);
            await turn.HintAsync(cancel);
            await Task.Delay(turn.Pause, cancel);
        }
    }

    private sealed class Turn(Engine engine, FleetRun run, CoordinatorOptions options)
    {
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly DateTime since = DateTime.UtcNow;
        private long? before;
        private FleetProgress now = new(0, 0, run.Shards, 0, 0, run.Rows, 0);
        private TimeSpan worked;
        private int inFlight;
        private bool away,
            hinted;

        public TimeSpan Pause => TimeSpan.FromTicks(Math.Clamp(clock.Elapsed.Ticks / 10, Shortest.Ticks, options.Period.Ticks));

        public CoordinatorPresence Now => new(Environment.MachineName, Environment.ProcessId, since, run.Name, now);

        public ShardStanding Look()
        {
            ShardStanding state = options.Look();
            before ??= state.Rows;
            int done = run.Shards - state.Missing.Count - state.Failed.Count;
            if (done != now.Done)
                worked = clock.Elapsed;
            now = new FleetProgress(
                done,
                state.Failed.Count,
                run.Shards,
                inFlight,
                state.Rows,
                run.Rows,
                (state.Rows - before.Value) / Math.Max(clock.Elapsed.TotalSeconds, 1e-3)
            );
            options.Progress?.Invoke(now);
            return state;
        }

        /// <summary>Queues what is missing where nobody has it and nothing is queued.</summary>
        public async Task QueueAsync(CancellationToken cancel)
        {
            try
            {
                RunStream stream = await engine.EnsureAsync(run, options.Lease, cancel);
                INatsJSConsumer consumer = await engine.JetStream.GetConsumerAsync(stream.Name, Engine.Consumer, cancel);
                inFlight = (int)consumer.Info.NumAckPending;
                if (away)
                    options.Note?.Invoke("the engine answers again");
                away = false;
                if (consumer.Info.NumAckPending > 0 || consumer.Info.NumPending > 0)
                    return;
                // The numbers of two rounds differ, and of two coordinators in one round they are the same.
                await PublishAsync(stream, options.Look().Missing, (ulong)stream.Stream.Info.State.LastSeq, cancel);
            }
            catch (Exception trouble) when (Engine.IsTrouble(trouble) && !cancel.IsCancellationRequested)
            {
                if (!away)
                    options.Note?.Invoke(
                        $"the engine does not answer ({trouble.Message.TrimEnd('.')}); what is finished stays, waiting for it"
                    );
                away = true;
            }
        }

        /// <summary>Says so once where for a long time no worker takes a shard. The server cannot tell: what waits for another try
        /// counts as being worked at.</summary>
        public async Task HintAsync(CancellationToken cancel)
        {
            if (hinted || away || clock.Elapsed - worked < Patience)
                return;
            worked = clock.Elapsed;
            try
            {
                WorkerStatus[] workers =
                [
                    .. (await Presence.AskAsync(engine, Answers, cancel)).Select(answer => answer.Worker).OfType<WorkerStatus>(),
                ];
                if (workers.Any(worker => worker.Run == run.Name))
                    return;
                hinted = true;
                string why = workers.FirstOrDefault(worker => worker.Refused is not null) is { } refusing
                    ? $"{refusing.Host}:{refusing.Process} refused {refusing.Refused}"
                    : "start dfkd worker with the same --engine";
                options.Note?.Invoke($"no worker has a shard of this run (of {workers.Length} that answer): {why}");
            }
            catch (Exception trouble) when (Engine.IsTrouble(trouble) && !cancel.IsCancellationRequested)
            {
                // The next turn tells.
            }
        }

        public async Task CloseAsync(CancellationToken cancel)
        {
            try
            {
                await engine.RemoveAsync(run, cancel);
            }
            catch (Exception trouble) when (Engine.IsTrouble(trouble) && !cancel.IsCancellationRequested)
            {
                options.Note?.Invoke($"the run's queue could not be removed ({trouble.Message.TrimEnd('.')}); it does no harm");
            }
        }

        private async Task PublishAsync(RunStream stream, IReadOnlyList<int> shards, ulong attempt, CancellationToken cancel)
        {
            foreach (int[] some in shards.Chunk(Window))
                await Task.WhenAll(some.Select(PublishOneAsync));

            async Task PublishOneAsync(int shard)
            {
                ShardMessage message = new()
                {
                    Stage = run.Stage,
                    Run = run.Name,
                    Folder = run.Folder,
                    Plan = run.Plan,
                    Shard = shard,
                    Attempt = attempt,
                    Version = run.Version,
                    Profile = run.Profile,
                };
                PubAckResponse answer = await engine.JetStream.PublishAsync(
                    stream.Subject,
                    EngineJson.Bytes(message),
                    opts: new NatsJSPubOpts { MsgId = FormattableString.Invariant($"{shard}.{attempt}"), ExpectedStream = stream.Name },
                    cancellationToken: cancel
                );
                answer.EnsureSuccess();
            }
        }
    }
}
