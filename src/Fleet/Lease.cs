// A shard is a worker's own only as long as the engine hears of it.

using System.Diagnostics;
using NATS.Client.JetStream;

namespace DataFreeKD.Fleet;

/// <summary>Renews the lease of a message, and ends the work where that has not succeeded for half of the time after which the engine gives
/// the shard to another worker. The clock is the monotonic one.</summary>
internal sealed class Lease : IAsyncDisposable
{
    private static readonly AckOpts Answered = new() { DoubleAck = true };

    private readonly INatsJSMsg<byte[]> message;
    private readonly CancellationTokenSource lost = new(),
        end = new();
    private readonly Task renewing;
    private readonly Timer watch;
    private long renewed = Stopwatch.GetTimestamp();

    public Lease(INatsJSMsg<byte[]> message, TimeSpan time)
    {
        (this.message, Time) = (message, time);
        watch = new Timer(_ => Watch(), null, time / 10, time / 10);
        renewing = RenewAsync();
    }

    /// <summary>After so much silence the engine gives the shard to another worker.</summary>
    public TimeSpan Time { get; }

    /// <summary>Time since the last renewal was sent that the engine answered.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(Interlocked.Read(ref renewed));

    /// <summary>Cancelled where the lease could not be renewed.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>Whether the shard is still this worker's. A process that was frozen sees it here before any timer tells it.</summary>
    public bool Holds
    {
        get
        {
            Watch();
            return !lost.IsCancellationRequested;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await watch.DisposeAsync();
        await end.CancelAsync();
        await renewing;
        end.Dispose();
        lost.Dispose();
    }

    private void Watch()
    {
        if (Age > Time / 2)
            lost.Cancel();
    }

    private async Task RenewAsync()
    {
        TimeSpan pause = Time / 3;
        while (true)
        {
            try
            {
                await Task.Delay(pause, end.Token);
                using CancellationTokenSource answer = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
                answer.CancelAfter(Time / 6);
                long sent = Stopwatch.GetTimestamp();
                await message.AckProgressAsync(Answered, answer.Token);
                Interlocked.Exchange(ref renewed, sent);
                pause = Time / 3;
            }
            catch (Exception) when (end.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble) when (trouble is OperationCanceledException || Engine.IsTrouble(trouble))
            {
                pause = Time / 20;
            }
        }
    }
}
