// The handing out of shards, over a real server and shards that are nothing.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Testing;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace DataFreeKD.Fleet.Tests;

public sealed class EngineTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly TempFolder folder = new();
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public void Dispose()
    {
        stop.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Acknowledgements_of_a_lost_queue_remove_no_shard_of_the_new_one_and_every_shard_is_done()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(folder.Path, 4);
        Task<ShardStanding> coordinator = run.Coordinate(server, cancel: stop.Token);
        await using NatsConnection connection = new(new NatsOpts { Url = server.Address });
        NatsJSContext queue = new(connection);
        // The coordinator has queued all before the first two are taken, by a worker that is slow to acknowledge.
        string before = await QueuedAsync(queue, 4);
        INatsJSConsumer consumer = await queue.GetConsumerAsync(before, "workers", stop.Token);
        INatsJSMsg<byte[]>[] slow =
        [
            (await consumer.NextAsync<byte[]>(cancellationToken: stop.Token))!,
            (await consumer.NextAsync<byte[]>(cancellationToken: stop.Token))!,
        ];

        server.Kill();
        server.Restart(emptied: true);
        string after = await QueuedAsync(queue, 4);
        Assert.NotEqual(before, after);
        foreach (INatsJSMsg<byte[]> message in slow)
            await Assert.ThrowsAsync<NatsNoRespondersException>(() =>
                message.AckAsync(new AckOpts { DoubleAck = true }, stop.Token).AsTask()
            );
        Assert.Equal(4, (await queue.GetStreamAsync(after, cancellationToken: stop.Token)).Info.State.Messages);

        Task<WorkerSummary> worker = run.Work(server, stop.Token);
        ShardStanding end = await coordinator.WaitAsync(Limit, stop.Token);
        Assert.Empty(end.Missing);
        Assert.Equal(4, run.Parts.Count);
        await stop.CancelAsync();
        Assert.Equal(4, (await worker.WaitAsync(Limit, TestContext.Current.CancellationToken)).Shards);
    }

    [Fact]
    public async Task What_the_queue_lost_is_queued_again_and_a_second_coordinator_does_no_harm()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(folder.Path, 20);
        Task<ShardStanding>[] coordinators = [run.Coordinate(server, cancel: stop.Token), run.Coordinate(server, cancel: stop.Token)];
        await using NatsConnection connection = new(new NatsOpts { Url = server.Address });
        NatsJSContext queue = new(connection);
        string stream = await QueuedAsync(queue, 20);
        await queue.PurgeStreamAsync(stream, new StreamPurgeRequest(), stop.Token);
        Task<WorkerSummary> worker = run.Work(server, stop.Token);

        foreach (Task<ShardStanding> coordinator in coordinators)
            Assert.Empty((await coordinator.WaitAsync(Limit, stop.Token)).Missing);
        await stop.CancelAsync();
        await worker.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.Equal(20, run.Parts.Count);
        // The queue went with the run.
        await foreach (string left in queue.ListStreamNamesAsync(cancellationToken: TestContext.Current.CancellationToken))
            Assert.Fail($"{left} is left");
    }

    [Fact]
    public async Task A_worker_whose_lease_cannot_be_renewed_stops_computing_and_the_shard_comes_again()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(folder.Path, 1);
        Task<ShardStanding> coordinator = run.Coordinate(server, TimeSpan.FromSeconds(3), stop.Token);
        using SemaphoreSlim began = new(0),
            fenced = new(0);
        int times = 0;
        Task<WorkerSummary> worker = run.Work(server, stop.Token, (_, cancel) =>
        {
            if (Interlocked.Increment(ref times) > 1)
                return ShardOutcome.Done;
            began.Release();
            cancel.WaitHandle.WaitOne();
            fenced.Release();
            cancel.ThrowIfCancellationRequested();
            return ShardOutcome.Done;
        });
        Assert.True(await began.WaitAsync(Limit, stop.Token));
        server.Kill();
        Assert.True(await fenced.WaitAsync(Limit, stop.Token));
        Assert.Empty(run.Parts);
        server.Restart();

        Assert.Empty((await coordinator.WaitAsync(Limit, stop.Token)).Missing);
        Assert.True(times > 1);
        Assert.Contains(run.Notes, note => note.Contains("its lease could not be renewed", StringComparison.Ordinal));
        await stop.CancelAsync();
        await worker.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_lease_that_is_renewed_is_kept_as_long_as_the_shard_takes()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(folder.Path, 1);
        TimeSpan lease = TimeSpan.FromSeconds(2);
        Task<ShardStanding> coordinator = run.Coordinate(server, lease, stop.Token);
        int times = 0;
        Func<int, CancellationToken, ShardOutcome> slow = (_, cancel) =>
        {
            Interlocked.Increment(ref times);
            cancel.WaitHandle.WaitOne(lease * 3);
            cancel.ThrowIfCancellationRequested();
            return ShardOutcome.Done;
        };
        Task<WorkerSummary>[] workers = [run.Work(server, stop.Token, slow), run.Work(server, stop.Token, slow)];

        await coordinator.WaitAsync(Limit, stop.Token);
        // On a machine that stands still for a second it may be given up and done again; the part is one in any case.
        Assert.Single(run.Parts);
        Assert.True(
            times == 1 || run.Notes.Any(note => note.Contains("could not be renewed", StringComparison.Ordinal)),
            $"computed {times} times"
        );
        await stop.CancelAsync();
        await Task.WhenAll(workers).WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Workers_of_another_version_profile_or_root_leave_shards_to_others_and_say_so_once()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(Directory.CreateDirectory(folder["pool"]).FullName, 6);
        string elsewhere = Directory.CreateDirectory(folder["elsewhere"]).FullName;
        Task<ShardStanding> coordinator = run.Coordinate(server, cancel: stop.Token);
        Task<WorkerSummary>[] others =
        [
            run.Work(server, stop.Token, change: options => options with { Version = "2" }),
            run.Work(server, stop.Token, change: options => options with { Profile = "avx512" }),
            run.Work(server, stop.Token, change: options => options with { Root = elsewhere }),
        ];
        string[] reasons =
        [
            "is of version 1, and this worker is 2",
            "for --numerics native, and this worker is for avx512",
            "is not within --root",
        ];
        await Until(() => reasons.All(reason => run.Notes.Any(note => note.Contains(reason, StringComparison.Ordinal))));
        EngineStatus status = await EngineStatus.AskAsync(server.Engine, TimeSpan.FromSeconds(2), stop.Token);
        Assert.Empty(run.Parts);
        Assert.All(status.Workers, worker => Assert.NotNull(worker.Refused));

        Task<WorkerSummary> right = run.Work(server, stop.Token);
        await coordinator.WaitAsync(Limit, stop.Token);
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(others), summary => Assert.Equal(0, summary.Shards));
        Assert.Equal(6, (await right).Shards);
        Assert.All(reasons, reason => Assert.Single(run.Notes, note => note.Contains(reason, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_shard_that_fails_for_good_holds_up_no_other_and_a_machines_trouble_does_not_count()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(folder.Path, 5);
        int troubles = 0;
        Task<WorkerSummary> worker = run.Work(server, stop.Token, (shard, _) => shard == 1 ? ShardOutcome.Failed
            : shard == 3 && Interlocked.Increment(ref troubles) == 1 ? throw new IOException("No space left on device")
            : ShardOutcome.Done);

        ShardStanding end = await run.Coordinate(server, cancel: stop.Token).WaitAsync(Limit, stop.Token);

        Assert.Equal([1], end.Failed);
        Assert.Equal(4, run.Parts.Count);
        Assert.Contains(run.Notes, note => note.Contains("goes back: No space left on device", StringComparison.Ordinal));
        await stop.CancelAsync();
        Assert.Equal(1, (await worker).Failed);
    }

    [Fact]
    public async Task Status_tells_runs_and_workers_and_a_worker_ends_when_it_is_told_to()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(folder.Path, 3);
        Task<ShardStanding> coordinator = run.Coordinate(server, cancel: stop.Token);
        using SemaphoreSlim began = new(0);
        Task<WorkerSummary> worker = run.Work(server, stop.Token, (shard, cancel) =>
        {
            if (shard == 0)
                return ShardOutcome.Done;
            began.Release();
            cancel.WaitHandle.WaitOne();
            throw new OperationCanceledException(cancel);
        });
        Assert.True(await began.WaitAsync(Limit, stop.Token));
        EngineStatus status = await EngineStatus.AskAsync(server.Engine, TimeSpan.FromSeconds(2), stop.Token);
        for (int turn = 0; turn < 30 && status.Runs is not [{ Done: 1, Coordinated: true }]; turn++)
            status = await EngineStatus.AskAsync(server.Engine, TimeSpan.FromSeconds(2), stop.Token);

        RunStatus told = Assert.Single(status.Runs);
        Assert.Equal((3, 1, 1, 1L, 0), (told.Shards, told.Done, told.InFlight, told.Waiting, told.Poison));
        WorkerStatus busy = Assert.Single(status.Workers);
        Assert.Equal((told.Run, 1, 1, 10L), (busy.Run, busy.Shard, busy.Shards, busy.Rows));
        Assert.NotNull(busy.LeaseAge);
        Assert.NotNull(told.SecondsLeft);

        await stop.CancelAsync();
        Assert.Equal(1, (await worker.WaitAsync(Limit, TestContext.Current.CancellationToken)).Shards);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => coordinator);
        // What the worker had went back: another takes it at once, and the next coordinator finds the queue that is there.
        using CancellationTokenSource end = new();
        Task<WorkerSummary> next = run.Work(server, end.Token, change: options => options with { IdleExit = Limit });
        await run.Coordinate(server, cancel: TestContext.Current.CancellationToken).WaitAsync(Limit, TestContext.Current.CancellationToken);
        await end.CancelAsync();
        Assert.Equal(2, (await next).Shards);
    }

    [Fact]
    public async Task Once_takes_one_shard_and_an_idle_worker_ends()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(folder.Path, 2);
        Task<ShardStanding> coordinator = run.Coordinate(server, cancel: stop.Token);
        long rows = 0;
        using System.Diagnostics.Metrics.MeterListener meter = new();
        meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "dfkd.worker.rows")
                listener.EnableMeasurementEvents(instrument);
        };
        meter.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref rows, value));
        meter.Start();

        Assert.Equal(1, (await run.Work(server, stop.Token, change: options => options with { Once = true })).Shards);
        Assert.Equal(10, rows);
        Assert.Equal(
            1,
            (await run.Work(server, stop.Token, change: options => options with { IdleExit = TimeSpan.FromSeconds(3) })).Shards
        );
        await coordinator.WaitAsync(Limit, stop.Token);
    }

    [Fact]
    public async Task A_login_is_asked_for_and_never_printed()
    {
        using NatsServer server = NatsServer.Start("--user", "worker", "--pass", "s3cret");
        FakeRun run = new(folder.Path, 1);

        await Coordinator.CheckAsync(server.Engine with { Login = "worker:s3cret" }, stop.Token);
        EngineException refused = await Assert.ThrowsAsync<EngineException>(() =>
            Coordinator.CheckAsync(server.Engine with { Login = "worker:s4cret" }, stop.Token)
        );
        Assert.DoesNotContain("s4cret", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EngineException>(() => run.Coordinate(server, cancel: stop.Token));
    }

    [Fact]
    public async Task A_message_that_is_none_is_taken_out()
    {
        using NatsServer server = NatsServer.Start();
        FakeRun run = new(folder.Path, 1);
        Task<ShardStanding> coordinator = run.Coordinate(server, cancel: stop.Token);
        await using NatsConnection connection = new(new NatsOpts { Url = server.Address });
        NatsJSContext queue = new(connection);
        string stream = await QueuedAsync(queue, 1);
        string subject = (await queue.GetStreamAsync(stream, cancellationToken: stop.Token)).Info.Config.Subjects!.Single();
        (await queue.PublishAsync(subject, "{\"shard\": \"rm -rf /\"}"u8.ToArray(), cancellationToken: stop.Token)).EnsureSuccess();
        Task<WorkerSummary> worker = run.Work(server, stop.Token);

        await Until(() =>
            run.Notes.Any(note => note.Contains("none of this version's", StringComparison.Ordinal)) || coordinator.IsCompleted
        );
        await coordinator.WaitAsync(Limit, stop.Token);
        await stop.CancelAsync();
        Assert.Equal(1, (await worker).Shards);
    }

    // The stream that holds so many shards.
    private async Task<string> QueuedAsync(NatsJSContext queue, long shards)
    {
        string? found = null;
        await Until(async () =>
        {
            try
            {
                await foreach (INatsJSStream stream in queue.ListStreamsAsync(cancellationToken: stop.Token))
                    found = stream.Info.State.Messages == shards ? stream.Info.Config.Name : found;
            }
            catch (Exception away) when (away is NatsException or TimeoutException)
            {
                // Starting.
            }
            return found is not null;
        });
        return found!;
    }

    private Task Until(Func<bool> holds) => Until(() => Task.FromResult(holds()));

    private async Task Until(Func<Task<bool>> holds)
    {
        long began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) < Limit, "it never came");
            await Task.Delay(50, stop.Token);
        }
    }
}
