// The crawl's connections: some slots for hosts that have answered, more for hosts that have not yet.

using System.Threading.RateLimiting;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>
/// Hosts that have never answered have slots of their own, as asking a dead host costs time and little else: dead hosts, however
/// many, take no connection from those that answer. The scheduler's lock guards all but <see cref="Of"/>.
/// </summary>
/// <param name="connections">Connections at a time to hosts that have answered.</param>
internal sealed class ConnectionSlots(int connections) : IDisposable
{
    /// <summary>New hosts asked at a time, for each connection.</summary>
    private const int NewHostsPerConnection = 4;

    private readonly ConcurrencyLimiter proven = Limiter(connections),
        newHosts = Limiter(connections * NewHostsPerConnection);
    private int active,
        freshActive;

    /// <summary>Whether there is a slot for a host that has answered.</summary>
    public bool Free => active < connections;

    /// <summary>Whether there is a slot for a host that has never answered.</summary>
    public bool FreeForNewHosts => freshActive < connections * NewHostsPerConnection;

    /// <summary>What a host's requests wait in.</summary>
    public RateLimiter Of(HostState host) => host.Proven ? proven : newHosts;

    public void Join(FetchInProgress flight)
    {
        if (flight.Fresh)
            freshActive++;
        else
            active++;
        CrawlMetrics.InFlight(1);
    }

    public void Leave(FetchInProgress flight)
    {
        if (flight.Fresh)
            freshActive--;
        else
            active--;
        CrawlMetrics.InFlight(-1);
    }

    public void Dispose()
    {
        proven.Dispose();
        newHosts.Dispose();
    }

    private static ConcurrencyLimiter Limiter(int permits) =>
        new(
            new ConcurrencyLimiterOptions
            {
                PermitLimit = permits,
                QueueLimit = int.MaxValue,
                QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
            }
        );
}
