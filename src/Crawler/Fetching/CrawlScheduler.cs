// Decides which host is asked next: many hosts at once, each at its own pace, none in another's way.

using System.Runtime.ExceptionServices;
using System.Threading.RateLimiting;
using DataFreeKD.Crawler.Manners;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>
/// Reads targets as far ahead as it takes to keep the connections busy; what its host is not ready for waits in that host's queue,
/// on disk beyond a few. Hosts that have never answered have a wide lane of their own, as asking a dead host costs time and little
/// else: dead hosts, however many, take no connection from the living.
/// </summary>
internal sealed class CrawlScheduler : IDisposable
{
    /// <summary>Hosts known at a time; beyond it nothing is read ahead.</summary>
    private const int MaxHosts = 50_000;

    /// <summary>Hosts with nothing to do that are remembered, for their robots.txt and their pace.</summary>
    private const int MaxIdleHosts = 1_000;

    /// <summary>Strangers asked at a time, for each connection.</summary>
    private const int StrangersPerConnection = 4;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(250);

    /// <summary>For an archive, on top of the patience for each byte; the most that Polly takes.</summary>
    private static readonly TimeSpan LongestDownload = TimeSpan.FromDays(1);

    private readonly WebOptions options;
    private readonly HttpExchange http;
    private readonly long maxBytes;
    private readonly Func<WebTarget, Fetched, CancellationToken, Task> land;
    private readonly SpillFile spill;
    private readonly ConcurrencyLimiter connections, strangers;
    private readonly SemaphoreSlim wake = new(0);
    private readonly CancellationTokenSource stop;

    private readonly Lock gate = new();
    private readonly Dictionary<string, HostState> hosts = new(StringComparer.Ordinal);
    private readonly Queue<HostState> ready = new(), fresh = new(), idle = new();
    private readonly PriorityQueue<HostState, long> cooling = new();
    private int active, freshActive;
    private long outstanding;
    private Exception? fault;

    /// <param name="options">Limits and manners.</param>
    /// <param name="http">Speaks to servers.</param>
    /// <param name="spillPath">Scratch file for targets that wait.</param>
    /// <param name="maxBytes">Cap on a body.</param>
    /// <param name="land">Gets every target with its outcome, once, on any thread; a throw stops the crawl.</param>
    /// <param name="cancel">Stops the crawl.</param>
    public CrawlScheduler(WebOptions options, HttpExchange http, string spillPath, long maxBytes, Func<WebTarget, Fetched, CancellationToken, Task> land, CancellationToken cancel)
    {
        (this.options, this.http, this.maxBytes, this.land) = (options, http, maxBytes, land);
        spill = new SpillFile(spillPath);
        connections = Limiter(options.Connections);
        strangers = Limiter(options.Connections * StrangersPerConnection);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
    }

    /// <summary>Gives the place for an archive that a target may be; nowhere by default.</summary>
    public Func<WebTarget, ArchiveSink?> Archives { get; init; } = _ => null;

    /// <summary>Signs the address of a bucket's object.</summary>
    public Func<WebTarget, Uri> Sign { get; init; } = target => target.Address;

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
                int patience;
                lock (gate)
                {
                    for (int room = options.Connections; more && room > 0 && Hungry(); room--)
                    {
                        more = source.MoveNext();
                        if (!more) break;
                        outstanding++;
                        Enqueue(source.Current);
                    }
                    Start();
                    if (!more && outstanding == 0) return;
                    patience = more && Hungry() ? 0 : cooling.TryPeek(out _, out long due) ? (int)Math.Clamp(due - Environment.TickCount64, 1, 1000) : 1000;
                }
                if (patience > 0) await wake.WaitAsync(patience, stop.Token).ConfigureAwait(false);
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
                    if (hosts.Values.All(host => host.Running == 0)) break;
                }
                await Task.Delay(5, CancellationToken.None).ConfigureAwait(false);
            }
            if (error is OperationCanceledException && fault is not null) ExceptionDispatchInfo.Throw(fault);
            throw;
        }
    }

    public void Dispose()
    {
        spill.Dispose();
        connections.Dispose();
        strangers.Dispose();
        wake.Dispose();
        stop.Dispose();
    }

    internal void Rest(Flight flight, TimeSpan time, bool wholeHost)
    {
        lock (gate)
        {
            flight.Resting = true;
            Leave(flight);
            if (wholeHost) flight.Host.Cool(time);
        }
        Wake();
    }

    internal void Broke(HostState host, string reason, TimeSpan time)
    {
        lock (gate)
        {
            host.Cool(time);
            if (++host.Breaks >= options.MaxBreaks) host.GivenUp = reason;
        }
    }

    private static ConcurrencyLimiter Limiter(int permits) => new(new ConcurrencyLimiterOptions { PermitLimit = permits, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    private bool Hungry() => ready.Count < Math.Max(1, options.Connections / 2) && hosts.Count < MaxHosts;

    private void Enqueue(WebTarget target)
    {
        if (!hosts.TryGetValue(target.Host, out HostState? host)) hosts[target.Host] = host = new HostState(target.Host, options, spill);
        host.Waiting.Add(target);
        Offer(host);
    }

    // Puts a host that has something to do where it will be found.
    private void Offer(HostState host)
    {
        if (host.Waiting.Count == 0)
        {
            if (host.Running > 0 || host.InIdle) return;
            idle.Enqueue(host);
            host.InIdle = true;
            Forget();
            return;
        }
        if (host.Running >= host.Limit) return;
        if (host.GivenUp is null && host.NotBefore > Environment.TickCount64)
        {
            if (!host.InCooling) cooling.Enqueue(host, host.NotBefore);
            host.InCooling = true;
        }
        else if (!host.InReady)
        {
            (host.Proven || host.GivenUp is not null ? ready : fresh).Enqueue(host);
            host.InReady = true;
        }
    }

    // Hosts are forgotten oldest first; one that has work again is only passed over.
    private void Forget()
    {
        while (idle.Count > MaxIdleHosts)
        {
            HostState oldest = idle.Dequeue();
            oldest.InIdle = false;
            if (oldest.Waiting.Count == 0 && oldest.Running == 0) hosts.Remove(oldest.Name);
        }
    }

    private void Start()
    {
        while (cooling.TryPeek(out HostState? host, out long due) && due <= Environment.TickCount64)
        {
            cooling.Dequeue();
            host.InCooling = false;
            Offer(host);
        }
        while (true)
        {
            HostState? host;
            if (!(freshActive < options.Connections * StrangersPerConnection && fresh.TryDequeue(out host)) && !(active < options.Connections && ready.TryDequeue(out host))) return;
            host.InReady = false;
            if (host.Waiting.Count == 0 || host.Running >= host.Limit) continue;
            if (host.GivenUp is null && host.NotBefore > Environment.TickCount64)
            {
                Offer(host);
                continue;
            }
            if (host.Pipeline == ResiliencePipeline<Fetched>.Empty) host.Pipeline = HostPipeline.Build(options, () => host.Proven ? connections : strangers);
            var flight = new Flight(this, host, host.Waiting.Take(), !host.Proven);
            host.Running++;
            Join(flight);
            host.Cool(host.Pace.Delay);
            _ = Task.Run(() => Fly(flight), CancellationToken.None);
            Offer(host);
        }
    }

    private async Task Fly(Flight flight)
    {
        WebTarget? again = null;
        bool putBack = false, landed = false;
        try
        {
            Fetched? fetched = await Visit(flight).ConfigureAwait(false);
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
                if (!stop.IsCancellationRequested) fault ??= error;
            }
            await stop.CancelAsync().ConfigureAwait(false);
        }
        lock (gate)
        {
            if (!flight.Resting) Leave(flight);
            flight.Host.Running--;
            if (landed) outstanding--;
            if (putBack) flight.Host.Waiting.PutBack(flight.Target);
            if (again is not null) Enqueue(again);
            Offer(flight.Host);
            // Within the lock: once nothing runs, the scheduler may be gone.
            Wake();
        }
    }

    /// <summary>Fetches what may be fetched. Null: not now, as the host's circuit is open.</summary>
    private async Task<Fetched?> Visit(Flight flight)
    {
        Uri address = flight.Target.Address;
        var refused = new Fetched { Address = address };
        if (address.Scheme is not ("http" or "https")) return refused with { Reason = Reason.BadUrl };
        if (flight.Host.GivenUp is { } givenUp) return refused with { Reason = givenUp };
        try
        {
            if (flight.Target.OfBucket) return options.DryRun ? refused with { Reason = Reason.WouldFetch } : await AskBucket(flight).ConfigureAwait(false);
            RobotsEntry robots = await RobotsCache.For(flight.Host, address, AskFile, stop.Token).ConfigureAwait(false);
            if (flight.Target.Sitemaps) refused = refused with { Sitemaps = robots.File.Sitemaps };
            if (robots.Refusal is not null) return refused with { Reason = robots.Refusal };
            if (!robots.File.Allows(HttpExchange.ProductToken, address.PathAndQuery)) return refused with { Reason = Reason.Robots };
            if (robots.File.CrawlDelay(HttpExchange.ProductToken) is { } delay) SlowDown(flight.Host, delay);
            TdmFile reservations = await OriginFiles.Reservations(flight.Host, address, robots.File, AskFile, stop.Token).ConfigureAwait(false);
            if (reservations.Reserves(address.PathAndQuery)) return refused with { Reason = Reason.TdmReserved };
            if (options.DryRun) return refused with { Reason = Reason.WouldFetch };
            Fetched fetched = await Ask(flight, address, maxBytes, flight.Target.ETag, flight.Target.LastModified, Archives(flight.Target)).ConfigureAwait(false);
            return fetched with { Sitemaps = refused.Sitemaps };
        }
        catch (BrokenCircuitException broken)
        {
            lock (gate)
            {
                flight.Host.Cool(broken.RetryAfter ?? Moment);
                return flight.Host.GivenUp is { } reason ? refused with { Reason = reason } : null;
            }
        }

        Task<Fetched> AskFile(Uri file, long most) => Ask(flight, file, most, null, null, null);
    }

    // A bucket is not a site: it has no robots.txt. What leads away from it leads nowhere, as the signature is for it alone.
    private async Task<Fetched> AskBucket(Flight flight)
    {
        Fetched fetched = await Ask(flight, Sign(flight.Target), maxBytes, flight.Target.ETag, flight.Target.LastModified, Archives(flight.Target)).ConfigureAwait(false);
        return fetched with { Address = flight.Target.Address, Location = null, Reason = fetched.Location is null ? fetched.Reason : Reason.Http(fetched.Status) };
    }

    private async Task<Fetched> Ask(Flight flight, Uri address, long most, string? etag, string? lastModified, ArchiveSink? archives)
    {
        HostState host = flight.Host;
        ResiliencePipeline<Fetched> pipeline = host.Pipeline;
        if (archives is not null)
        {
            lock (gate) pipeline = host.Patient ??= HostPipeline.Build(options with { BodyTimeout = LongestDownload }, () => host.Proven ? connections : strangers);
        }
        ResilienceContext context = ResilienceContextPool.Shared.Get(stop.Token);
        context.Properties.Set(HostPipeline.Flight, flight);
        try
        {
            return await pipeline.ExecuteAsync(async attempt => await Attempt(flight, address, most, etag, lastModified, archives, attempt.CancellationToken).ConfigureAwait(false), context).ConfigureAwait(false);
        }
        catch (TimeoutRejectedException)
        {
            return new Fetched { Address = address, Reason = Reason.Timeout };
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async Task<Fetched> Attempt(Flight flight, Uri address, long most, string? etag, string? lastModified, ArchiveSink? archives, CancellationToken cancel)
    {
        HostState host = flight.Host;
        lock (gate)
        {
            if (!flight.Resting) Leave(flight);
            flight.Resting = false;
            flight.Fresh &= !host.Proven;
            Join(flight);
        }
        try
        {
            Fetched fetched = await http.Get(address, most, etag, lastModified, archives, cancel).ConfigureAwait(false);
            lock (gate)
            {
                host.Proven |= fetched.Status != 0;
                if (fetched.Overloaded) host.Pace.Overloaded();
                else if (fetched.Status == 0) host.Pace.Failed();
                else host.Pace.Answered(fetched.Latency);
                if (fetched.RetryAfter is { } wait) host.Cool(wait < options.MaxRetryAfter ? wait : options.MaxRetryAfter);
            }
            CrawlMetrics.Requested(fetched);
            return fetched;
        }
        catch (OperationCanceledException)
        {
            lock (gate) host.Pace.Failed();
            if (!stop.IsCancellationRequested) CrawlMetrics.Requested(new Fetched { Address = address, Reason = Reason.Timeout });
            throw;
        }
    }

    private void SlowDown(HostState host, TimeSpan delay)
    {
        lock (gate)
        {
            if (host.Pace.CrawlDelay != TimeSpan.Zero) return;
            host.Pace.CrawlDelay = delay < options.MaxCrawlDelay ? delay : options.MaxCrawlDelay;
            host.Cool(host.Pace.Delay);
        }
    }

    private void Join(Flight flight)
    {
        if (flight.Fresh) freshActive++;
        else active++;
        CrawlMetrics.InFlight(1);
    }

    private void Leave(Flight flight)
    {
        if (flight.Fresh) freshActive--;
        else active--;
        CrawlMetrics.InFlight(-1);
    }

    private void Wake()
    {
        // More than one token would only make the loop look twice.
        if (wake.CurrentCount == 0) wake.Release();
    }
}
