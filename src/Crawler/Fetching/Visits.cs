// What may be fetched is fetched: a target's origin is asked first what it allows.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Politeness;
using Polly.CircuitBreaker;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Visits hosts for a target each.</summary>
/// <param name="options">Limits and manners.</param>
/// <param name="requests">Asks servers.</param>
/// <param name="maxBytes">Cap on a body.</param>
/// <param name="gate">The scheduler's lock.</param>
/// <param name="stop">The end of the crawl.</param>
internal sealed class Visits(WebOptions options, Requests requests, long maxBytes, Lock gate, CancellationToken stop)
{
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(250);

    /// <summary>Gives the place for an archive that a target may be; nowhere by default.</summary>
    public Func<WebTarget, ArchiveSink?> Archives { get; set; } = _ => null;

    /// <summary>Signs the address of a bucket's object.</summary>
    public Func<WebTarget, Uri> Sign { get; set; } = target => target.Address;

    /// <summary>Fetches the target if that is allowed. Null: not now, as the host's circuit is open.</summary>
    public async Task<Fetched?> Of(FetchInProgress flight)
    {
        Uri address = flight.Target.Address;
        Fetched refused = new() { Address = address };
        if (address.Scheme is not ("http" or "https"))
            return refused with { Reason = Reason.BadUrl };
        if (flight.Host.GivenUp is { } givenUp)
            return flight.Target.Errand is { } lost
                ? Bring(flight.Target, lost, new OriginFile(0, givenUp, DateTimeOffset.UtcNow + OriginFiles.Lifetime))
                : refused with
                {
                    Reason = givenUp,
                };
        try
        {
            if (flight.Target.Errand is { } errand)
                return await Run(flight, errand, AskBeginning, AskFile).ConfigureAwait(false);
            if (flight.Target.OfBucket)
                return options.DryRun ? refused with { Reason = Reason.WouldFetch } : await AskBucket(flight).ConfigureAwait(false);
            RobotsEntry robots = await RobotsCache.For(flight.Host, address, options.Territory, AskBeginning, stop).ConfigureAwait(false);
            if (flight.Target.Sitemaps)
                refused = refused with { Sitemaps = robots.File.Sitemaps };
            if (robots.Refusal is not null)
                return refused with { Reason = robots.Refusal };
            if (!robots.File.Allows(HttpExchange.ProductToken, address.PathAndQuery))
                return refused with { Reason = Reason.Robots };
            if (robots.File.CrawlDelay(HttpExchange.ProductToken) is { } delay)
                SlowDown(flight.Host, delay);
            TdmFile reservations = await OriginFiles
                .Reservations(flight.Host, address, robots.File, options.Territory, AskFile, stop)
                .ConfigureAwait(false);
            if (reservations.Reserves(address.PathAndQuery))
                return refused with { Reason = Reason.TdmReserved };
            if (options.DryRun)
                return refused with { Reason = Reason.WouldFetch };
            Fetched fetched = await AskTarget(flight, address).ConfigureAwait(false);
            return fetched with { Sitemaps = refused.Sitemaps };
        }
        catch (BrokenCircuitException broken)
        {
            lock (gate)
            {
                flight.Host.Cool(broken.RetryAfter ?? ShortWait);
                if (flight.Host.GivenUp is not { } reason)
                    return null;
                return flight.Target.Errand is { } lost
                    ? Bring(flight.Target, lost, new OriginFile(0, reason, DateTimeOffset.UtcNow + OriginFiles.Lifetime))
                    : refused with
                    {
                        Reason = reason,
                    };
            }
        }
        catch (ElsewhereException away)
        {
            return refused with { Moved = flight.Target with { Errand = away.Errand } };
        }

        Task<Fetched> AskBeginning(Uri file, long most) => requests.Ask(flight, file, most, partWillDo: true);

        Task<Fetched> AskFile(Uri file, long most) => requests.Ask(flight, file, most);
    }

    // The file that another partition's host needs; with it the target goes back there.
    private async Task<Fetched> Run(
        FetchInProgress flight,
        Errand errand,
        Func<Uri, long, Task<Fetched>> askBeginning,
        Func<Uri, long, Task<Fetched>> askFile
    )
    {
        await flight.Host.RobotsGate.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            OriginFile file = options.Territory!.Memory.Find(errand.Kind, errand.Origin)
                ?? await OriginFiles
                    .Follow(errand, options.Territory, errand.Kind == OriginFileKind.Robots ? askBeginning : askFile)
                    .ConfigureAwait(false);
            return Bring(flight.Target, errand, file);
        }
        finally
        {
            flight.Host.RobotsGate.Release();
        }
    }

    private Fetched Bring(WebTarget target, Errand errand, OriginFile file)
    {
        if (options.Territory!.Memory.Find(errand.Kind, errand.Origin) is null)
            options.Territory.Memory.Bring(errand.Kind, errand.Origin, file);
        return new Fetched { Address = target.Address, Moved = target with { Errand = null } };
    }

    // A bucket is not a site: it has no robots.txt. What leads away from it leads nowhere, as the signature is for it alone.
    private async Task<Fetched> AskBucket(FetchInProgress flight)
    {
        Fetched fetched = await AskTarget(flight, Sign(flight.Target)).ConfigureAwait(false);
        return fetched with
        {
            Address = flight.Target.Address,
            Location = null,
            Reason = fetched.Location is null ? fetched.Reason : Reason.Http(fetched.Status),
        };
    }

    private Task<Fetched> AskTarget(FetchInProgress flight, Uri address) =>
        requests.Ask(flight, address, maxBytes, flight.Target.ETag, flight.Target.LastModified, Archives(flight.Target));

    private void SlowDown(HostState host, TimeSpan delay)
    {
        lock (gate)
        {
            if (host.Pace.CrawlDelay != TimeSpan.Zero)
                return;
            host.Pace.CrawlDelay = delay < options.MaxCrawlDelay ? delay : options.MaxCrawlDelay;
            host.Cool(host.Pace.Delay);
            options.Territory?.Memory.Changed(host);
        }
    }
}
