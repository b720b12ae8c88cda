// A request through its host's pipeline; every attempt's outcome sets the host's pace.

using Polly;
using Polly.Timeout;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Asks servers, again where that may heal.</summary>
/// <param name="options">Limits and manners.</param>
/// <param name="http">Speaks to servers.</param>
/// <param name="slots">What a request waits in.</param>
/// <param name="gate">The scheduler's lock.</param>
/// <param name="stop">The end of the crawl.</param>
internal sealed class Requests(WebOptions options, HttpExchange http, ConnectionSlots slots, Lock gate, CancellationToken stop)
{
    /// <summary>For an archive, on top of the timeout for each byte; the most that Polly takes.</summary>
    private static readonly TimeSpan LongestDownload = TimeSpan.FromDays(1);

    /// <summary>Asks for an address, as part of a flight.</summary>
    /// <param name="flight">What it is for.</param>
    /// <param name="address">What to ask for: the target, or a file that its origin has for crawlers.</param>
    /// <param name="most">Cap on a body.</param>
    /// <param name="etag">For a conditional request.</param>
    /// <param name="lastModified">The same.</param>
    /// <param name="archives">The place for the archive that it may be; null where none is wanted.</param>
    /// <param name="partWillDo">Whether of a body beyond the cap its beginning is taken.</param>
    /// <exception cref="Polly.CircuitBreaker.BrokenCircuitException">The host's circuit is open.</exception>
    public async Task<Fetched> Ask(
        FetchInProgress flight,
        Uri address,
        long most,
        string? etag = null,
        string? lastModified = null,
        ArchiveSink? archives = null,
        bool partWillDo = false
    )
    {
        HostState host = flight.Host;
        ResiliencePipeline<Fetched> pipeline = host.Pipeline;
        if (archives is not null)
        {
            lock (gate)
                pipeline = host.Patient ??= HostPipeline.Build(options with { BodyTimeout = LongestDownload }, () => slots.Of(host));
        }
        ResilienceContext context = ResilienceContextPool.Shared.Get(stop);
        context.Properties.Set(HostPipeline.FetchInProgress, flight);
        try
        {
            return await pipeline
                .ExecuteAsync(
                    async attempt =>
                        await Attempt(flight, address, most, etag, lastModified, archives, partWillDo, attempt.CancellationToken)
                            .ConfigureAwait(false),
                    context
                )
                .ConfigureAwait(false);
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

    private async Task<Fetched> Attempt(
        FetchInProgress flight,
        Uri address,
        long most,
        string? etag,
        string? lastModified,
        ArchiveSink? archives,
        bool partWillDo,
        CancellationToken cancel
    )
    {
        HostState host = flight.Host;
        lock (gate)
        {
            if (!flight.Resting)
                slots.Leave(flight);
            flight.Resting = false;
            flight.Fresh &= !host.Proven;
            slots.Join(flight);
        }
        try
        {
            if (options.Territory?.MayAsk() == false)
                throw new OperationCanceledException("this process may make no more requests");
            Fetched fetched = await http.Get(address, most, etag, lastModified, archives, cancel, partWillDo).ConfigureAwait(false);
            lock (gate)
            {
                host.Proven |= fetched.Status != 0;
                if (fetched.Overloaded)
                    host.Pace.Overloaded();
                else if (fetched.Status == 0)
                    host.Pace.Failed();
                else
                    host.Pace.Answered(fetched.Latency);
                if (fetched.RetryAfter is { } wait)
                    host.Cool(wait < options.MaxRetryAfter ? wait : options.MaxRetryAfter);
                options.Territory?.Memory.Changed(host);
            }
            CrawlMetrics.Requested(fetched);
            return fetched;
        }
        catch (OperationCanceledException)
        {
            lock (gate)
                host.Pace.Failed();
            if (!stop.IsCancellationRequested)
                CrawlMetrics.Requested(new Fetched { Address = address, Reason = Reason.Timeout });
            throw;
        }
    }
}
