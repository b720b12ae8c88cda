// Takes one shard after another, as long as there are any.

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Core.Sharding;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace DataFreeKD.Fleet;

/// <summary>A worker: one shard at a time, of whatever run is at the engine.</summary>
internal static class Worker
{
    /// <summary>Works until it is told to stop, or its options say that it is enough.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="stages">What it can compute.</param>
    /// <param name="options">How.</param>
    /// <param name="stop">Stops: the shard at hand goes back to the queue. No exception tells of it.</param>
    /// <exception cref="EngineException">The engine is not there at the start, or there is no such root.</exception>
    public static async Task<WorkerSummary> RunAsync(
        EngineOptions engine,
        IReadOnlyList<IShardStage> stages,
        WorkerOptions options,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(stages);
        ArgumentNullException.ThrowIfNull(options);
        PoolRoot root = new(options.Root, options.Buckets, options.Plans);
        await using Engine open = await Engine.ConnectAsync(engine, "worker", stop);
        WorkerTurn turn = new(open, stages, options, root, stop);
        await using Presence presence = Presence.Of(open, () => turn.Status);
        return await turn.RunAsync();
    }
}

/// <summary>A worker's state.</summary>
internal sealed class WorkerTurn(
    Engine engine,
    IReadOnlyList<IShardStage> stages,
    WorkerOptions options,
    PoolRoot root,
    CancellationToken stop
)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1),
        LongWait = TimeSpan.FromSeconds(5),
        Listed = TimeSpan.FromSeconds(2),
        RefusedFor = TimeSpan.FromSeconds(20),
        BackAfter = TimeSpan.FromSeconds(1),
        HeldFor = TimeSpan.FromSeconds(5),
        Answer = TimeSpan.FromSeconds(5);

    // Of one shard, one after the other.
    private static readonly TimeSpan[] Tries = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1)];

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly Dictionary<string, TimeSpan> refused = new(StringComparer.Ordinal);
    private readonly Dictionary<string, INatsJSConsumer> consumers = new(StringComparer.Ordinal);
    private readonly HashSet<string> told = new(StringComparer.Ordinal);
    private readonly DateTime since = DateTime.UtcNow;
    private IReadOnlyList<string> streams = [];
    private TimeSpan? listed;
    private TimeSpan took;
    private string? last,
        refusal;
    private volatile Tuple<ShardMessage, Lease>? hand;
    private int shards,
        failed;
    private long rows,
        rowsOfShard,
        busyTicks;

    public WorkerStatus Status
    {
        get
        {
            Tuple<ShardMessage, Lease>? now = hand;
            double busy = TimeSpan.FromTicks(Interlocked.Read(ref busyTicks)).TotalSeconds;
            return new WorkerStatus(
                Environment.MachineName,
                Environment.ProcessId,
                options.Version,
                options.Instructions,
                options.Profile,
                since
            )
            {
                Run = now?.Item1.Run,
                Shard = now?.Item1.Shard,
                LeaseAge = now is null ? null : Math.Round(now.Item2.Age.TotalSeconds, 1),
                Shards = shards,
                Rows = Interlocked.Read(ref rows) + (now is null ? 0 : Interlocked.Read(ref rowsOfShard)),
                RowsPerSecond = busy > 0 ? Math.Round(Interlocked.Read(ref rows) / busy, 1) : 0,
                Refused = refusal,
            };
        }
    }

    public async Task<WorkerSummary> RunAsync()
    {
        bool away = false;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                bool taken = await TakeAsync();
                if (away)
                    options.Note?.Invoke("the engine answers again");
                away = false;
                if (taken && options.Once)
                    break;
                if (options.IdleExit is { } most && clock.Elapsed - took > most)
                    break;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception trouble) when (Engine.IsTrouble(trouble))
            {
                // A stream that is gone is no news: its run ended, or the coordinator makes another.
                Forget();
                if (!away && engine.Connection.ConnectionState != NatsConnectionState.Open)
                {
                    away = true;
                    options.Note?.Invoke($"the engine does not answer ({trouble.Message.TrimEnd('.')}); waiting for it");
                }
                await PauseAsync();
            }
        }
        return new WorkerSummary(shards, failed, rows, clock.Elapsed.TotalSeconds);
    }

    private void Forget()
    {
        consumers.Clear();
        listed = null;
    }

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(Wait, stop);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    // The run of the last shard first, whose teacher is loaded; then the others by name.
    private async Task<bool> TakeAsync()
    {
        if (listed is not { } then || clock.Elapsed - then > Listed)
        {
            streams =
            [
                .. (await engine.ListAsync(stop))
                    .Where(stream => stages.Any(stage => stage.Name == stream.Run.Stage))
                    .Select(stream => stream.Name)
                    .OrderBy(name => name != last),
            ];
            listed = clock.Elapsed;
        }
        string[] open = [.. streams.Where(name => !refused.TryGetValue(name, out TimeSpan until) || clock.Elapsed > until)];
        if (open.Length == 0)
        {
            listed = null;
            await PauseAsync();
        }
        foreach (string name in open)
        {
            if (!consumers.TryGetValue(name, out INatsJSConsumer? consumer))
                consumers[name] = consumer = await engine.JetStream.GetConsumerAsync(name, Engine.Consumer, stop);
            INatsJSMsg<byte[]>? message = await consumer.NextAsync<byte[]>(
                opts: new NatsJSNextOpts { Expires = open.Length == 1 ? LongWait : Wait },
                cancellationToken: stop
            );
            if (message is null)
            {
                listed = null;
                continue;
            }
            last = name;
            bool taken = await HandleAsync(name, message, consumer.Info.Config.AckWait);
            took = clock.Elapsed;
            return taken;
        }
        return false;
    }

    // Whether the shard was this worker's to do.
    private async Task<bool> HandleAsync(string stream, INatsJSMsg<byte[]> message, TimeSpan time)
    {
        await using Lease lease = new(message, time);
        if (EngineJson.Read<ShardMessage>(message.Data) is not { IsWhole: true } shard)
        {
            Tell($"{stream} holds a message that is none of this version's; it is taken out");
            await SettleAsync(lease, (how, cancel) => message.AckTerminateAsync(how, cancel));
            return false;
        }
        long began = Stopwatch.GetTimestamp();
        string outcome = "cancelled";
        long own = 0;
        Interlocked.Exchange(ref rowsOfShard, 0);
        hand = Tuple.Create(shard, lease);
        try
        {
            ShardOutcome end = await ComputeAsync(shard, lease);
            outcome = end.ToString().ToLowerInvariant();
            own = Interlocked.Read(ref rowsOfShard);
            if (end == ShardOutcome.Done)
            {
                shards++;
                Interlocked.Add(ref rows, own);
                Interlocked.Exchange(ref rowsOfShard, 0);
                double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
                options.Note?.Invoke(
                    string.Create(CultureInfo.InvariantCulture, $"{shard.Run}: shard {shard.Shard}, {own:N0} rows in {seconds:F1} s")
                );
                await SettleAsync(lease, (how, cancel) => message.AckAsync(how, cancel));
                return true;
            }
            if (end == ShardOutcome.Held)
            {
                Tell($"{shard.Run}: shard {shard.Shard} goes back: another process is at it");
                await SettleAsync(lease, (how, cancel) => message.NakAsync(how with { NakDelay = HeldFor }, cancel));
                return false;
            }
            failed++;
            options.Note?.Invoke($"{shard.Run}: shard {shard.Shard} failed{(end == ShardOutcome.Failed ? " and is not tried again" : "")}");
            await SettleAsync(lease, (how, cancel) =>
                end == ShardOutcome.Failed
                    ? message.AckTerminateAsync(how, cancel)
                    : message.NakAsync(how with { NakDelay = DelayOf(message) }, cancel)
            );
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await SettleAsync(lease, (how, cancel) => message.NakAsync(how, cancel));
            return false;
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested)
        {
            options.Note?.Invoke($"{shard.Run}: shard {shard.Shard} is given up: its lease could not be renewed");
            return false;
        }
        catch (ShardRefusedException not)
        {
            outcome = "refused";
            refused[stream] = clock.Elapsed + RefusedFor;
            refusal = $"{shard.Run}: {not.Message}";
            Tell($"{refusal}; left to other workers");
            await SettleAsync(lease, (how, cancel) => message.NakAsync(how with { NakDelay = BackAfter }, cancel));
            return false;
        }
        catch (Exception wrong)
        {
            // What the machine lacks (disk, memory, rights) is no fault of the shard.
            outcome = "again";
            Tell($"{shard.Run}: shard {shard.Shard} goes back: {wrong.Message}");
            await SettleAsync(lease, (how, cancel) => message.NakAsync(how with { NakDelay = DelayOf(message) }, cancel));
            return true;
        }
        finally
        {
            hand = null;
            Interlocked.Add(ref busyTicks, Stopwatch.GetElapsedTime(began).Ticks);
            WorkerMetrics.Ended(outcome, outcome == "done" ? own : 0, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
    }

    private async Task<ShardOutcome> ComputeAsync(ShardMessage shard, Lease lease)
    {
        if (shard.Version != options.Version)
            throw new ShardRefusedException($"it is of version {shard.Version}, and this worker is {options.Version}");
        if (shard.Profile.Length > 0 && shard.Profile != options.Profile)
            throw new ShardRefusedException(
                $"it is for --numerics {shard.Profile}, and this worker is for {options.Profile}; give workers --numerics {shard.Profile}"
            );
        root.RequirePlan(shard.Folder);
        IShardStage stage = stages.FirstOrDefault(stage => stage.Name == shard.Stage)
            ?? throw new ShardRefusedException($"it is a shard of {shard.Stage}, which this worker does not compute");
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop, lease.Lost);
        // A thread of its own: those of the pool renew the lease.
        return await Task.Factory.StartNew(
            () => stage.Run(shard, root, done => Interlocked.Exchange(ref rowsOfShard, done), () => lease.Holds, end.Token),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
    }

    // Until the engine answers, or has given the shard to another: its part is on disk in any case.
    private async Task SettleAsync(Lease lease, Func<AckOpts, CancellationToken, ValueTask> settle)
    {
        do
        {
            using CancellationTokenSource answer = new(Answer);
            try
            {
                await settle(new AckOpts { DoubleAck = true }, answer.Token);
                return;
            }
            catch (NatsNoRespondersException)
            {
                // The stream is gone: there is nobody left to tell.
                return;
            }
            catch (Exception trouble) when (trouble is OperationCanceledException || Engine.IsTrouble(trouble))
            {
                await PauseAsync();
            }
        } while (!stop.IsCancellationRequested && lease.Age < lease.Time);
    }

    private static TimeSpan DelayOf(INatsJSMsg<byte[]> message) =>
        Tries[(int)Math.Min((message.Metadata?.NumDelivered ?? 1) - 1, (ulong)Tries.Length - 1)];

    private void Tell(string line)
    {
        if (told.Add(line))
            options.Note?.Invoke(line);
    }
}
