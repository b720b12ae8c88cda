// Decides which host is asked next: many hosts at once, each at its own pace, none in another's way.

using System.Runtime.ExceptionServices;
using DataFreeKD.Crawler.Addresses;
using Polly;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>
/// Reads targets as far ahead as it takes to keep the connections busy; what its host is not ready for waits in that host's queue,
/// on disk beyond a few.
/// </summary>
internal sealed class CrawlScheduler : IDisposable
{
    private readonly WebOptions options;
    private readonly Func<WebTarget, Fetched, CancellationToken, Task> land;
    private readonly SpillFile spill;
    private readonly SemaphoreSlim wake = new(0);
    private readonly CancellationTokenSource stop;
    private readonly Visits visits;

    private readonly Lock gate = new();
    private readonly HostQueues queues;
    private readonly ConnectionSlots slots;
    private long outstanding;
    private Exception? fault;

    /// <param name="options">Limits and manners.</param>
    /// <param name="http">Speaks to servers.</param>
    /// <param name="spillPath">Scratch file for targets that wait.</param>
    /// <param name="maxBytes">Cap on a body.</param>
    /// <param name="land">Gets every target with its outcome, once, on any thread; a throw stops the crawl.</param>
    /// <param name="cancel">Stops the crawl.</param>
    public CrawlScheduler(
        WebOptions options,
        HttpExchange http,
        string spillPath,
        long maxBytes,
        Func<WebTarget, Fetched, CancellationToken, Task> land,
        CancellationToken cancel
    )
    {
        (this.options, this.land) = (options, land);
        spill = new SpillFile(spillPath);
        queues = new HostQueues(options, spill);
        slots = new ConnectionSlots(options.Connections);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        visits = new Visits(options, new Requests(options, http, slots, gate, stop.Token), maxBytes, gate, stop.Token);
    }

    /// <summary>Gives the place for an archive that a target may be; nowhere by default.</summary>
    public Func<WebTarget, ArchiveSink?> Archives
    {
        get => visits.Archives;
        init => visits.Archives = value;
    }

    /// <summary>Signs the address of a bucket's object.</summary>
    public Func<WebTarget, Uri> Sign
    {
        get => visits.Sign;
        init => visits.Sign = value;
    }

    /// <summary>Brings every target to its end. May be called again when it is done: hosts keep their pace and their robots.txt.</summary>
    /// <exception cref="OperationCanceledException">The crawl was stopped.</exception>
    public async Task Run(IEnumerable<WebTarget> targets)
    {
        using IEnumerator<WebTarget> source = targets.GetEnumerator();
        bool more = true;
        try
        {
            while (true)
            {
                stop.Token.ThrowIfCancellationRequested();
                int pause;
                lock (gate)
                {
                    for (int room = options.Connections; more && room > 0 && queues.WantsMore; room--)
                    {
                        more = source.MoveNext();
                        if (!more)
                            break;
                        outstanding++;
                        queues.Add(source.Current);
                    }
                    Start();
                    if (!more && outstanding == 0)
                        return;
                    pause = more && queues.WantsMore ? 0 : queues.WaitMilliseconds;
                }
                if (pause > 0)
                    await wake.WaitAsync(pause, stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            await stop.CancelAsync().ConfigureAwait(false);
            // Nothing may land after the end.
            while (true)
            {
                lock (gate)
                {
                    if (!queues.Running)
                        break;
                }
                await Task.Delay(5, CancellationToken.None).ConfigureAwait(false);
            }
            if (error is OperationCanceledException && fault is not null)
                ExceptionDispatchInfo.Throw(fault);
            throw;
        }
    }

    public void Dispose()
    {
        spill.Dispose();
        slots.Dispose();
        wake.Dispose();
        stop.Dispose();
    }

    internal void Rest(FetchInProgress flight, TimeSpan time, bool wholeHost)
    {
        lock (gate)
        {
            flight.Resting = true;
            slots.Leave(flight);
            if (wholeHost)
                flight.Host.Cool(time);
        }
        Wake();
    }

    internal void Broke(HostState host, string reason, TimeSpan time)
    {
        lock (gate)
        {
            host.Cool(time);
            if (++host.Breaks >= options.MaxBreaks)
                host.GivenUp = reason;
            options.Territory?.Memory.Changed(host);
        }
    }

    private void Start()
    {
        queues.OfferCooled();
        while (queues.Next(slots.FreeForNewHosts, slots.Free) is { } host)
        {
            if (host.Pipeline == ResiliencePipeline<Fetched>.Empty)
                host.Pipeline = HostPipeline.Build(options, () => slots.Of(host));
            FetchInProgress flight = new(this, host, host.Waiting.Take(), !host.Proven);
            host.Running++;
            slots.Join(flight);
            host.Cool(host.Pace.Delay);
            _ = Task.Run(() => Fly(flight), CancellationToken.None);
            queues.Offer(host);
        }
    }

    private async Task Fly(FetchInProgress flight)
    {
        WebTarget? again = null;
        bool putBack = false,
            landed = false;
        try
        {
            Fetched? fetched = await visits.Of(flight).ConfigureAwait(false);
            if (fetched is null)
            {
                putBack = true;
            }
            else
            {
                if (fetched.Location is not null)
                {
                    (again, string? reason) = Redirects.Follow(flight.Target, fetched.Location, options.MaxRedirects);
                    fetched = fetched with { Reason = reason };
                    if (again is not null && options.Territory?.Holds(again.Address) == false)
                        (again, fetched) = (null, fetched with { Moved = again });
                }
                if (again is null)
                {
                    using Body? body = fetched.Body;
                    await land(flight.Target, fetched, stop.Token).ConfigureAwait(false);
                    landed = true;
                }
            }
        }
        catch (Exception error)
        {
            lock (gate)
            {
                if (!stop.IsCancellationRequested)
                    fault ??= error;
            }
            await stop.CancelAsync().ConfigureAwait(false);
        }
        lock (gate)
        {
            if (!flight.Resting)
                slots.Leave(flight);
            flight.Host.Running--;
            if (landed)
                outstanding--;
            if (putBack)
                flight.Host.Waiting.PutBack(flight.Target);
            if (again is not null)
                queues.Add(again);
            queues.Offer(flight.Host);
            // Within the lock: once nothing runs, the scheduler may be gone.
            Wake();
        }
    }

    private void Wake()
    {
        // More than one token would only make the loop look twice.
        if (wake.CurrentCount == 0)
            wake.Release();
    }
}
