// The crawl's connections: one lane for hosts that have answered, a wide one for strangers.

using System.Threading.RateLimiting;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>
/// Hosts that have never answered have a lane of their own, as asking a dead host costs time and little else: dead hosts, however
/// many, take no connection from the living. The scheduler's lock guards all but <see cref="Of"/>.
/// </summary>
/// <param name="connections">Connections at a time to hosts that have answered.</param>
internal sealed class Lanes(int connections) : IDisposable
{
    /// <summary>Strangers asked at a time, for each connection.</summary>
    private const int StrangersPerConnection = 4;

    private readonly ConcurrencyLimiter proven = Limiter(connections), strangers = Limiter(connections * StrangersPerConnection);
    private int active, freshActive;

    /// <summary>Whether the lane of hosts that have answered takes one more.</summary>
    public bool Free => active < connections;

    /// <summary>Whether the strangers' lane takes one more.</summary>
    public bool FreeForStrangers => freshActive < connections * StrangersPerConnection;

    /// <summary>The lane that a host's requests wait in.</summary>
    public RateLimiter Of(HostState host) => host.Proven ? proven : strangers;

    public void Join(Flight flight)
    {
        if (flight.Fresh) freshActive++;
        else active++;
        CrawlMetrics.InFlight(1);
    }

    public void Leave(Flight flight)
    {
        if (flight.Fresh) freshActive--;
        else active--;
        CrawlMetrics.InFlight(-1);
    }

    public void Dispose()
    {
        proven.Dispose();
        strangers.Dispose();
    }

    private static ConcurrencyLimiter Limiter(int permits) => new(new ConcurrencyLimiterOptions { PermitLimit = permits, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });
}
