// Everything the crawl knows of one host.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Politeness;
using Polly;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>A host with its waiting targets. The scheduler's lock guards all but <see cref="Pipeline"/> and <see cref="Robots"/>.</summary>
internal sealed class HostState(string name, WebOptions options, SpillFile spill)
{
    public string Name { get; } = name;

    public TargetQueue Waiting { get; } = new(spill);

    public HostPace Pace { get; } = new(options.ConnectionsPerHost, options.Delay);

    /// <summary>Retries, breaker, limiter and timeout; set once, right after construction.</summary>
    public ResiliencePipeline<Fetched> Pipeline { get; set; } = ResiliencePipeline<Fetched>.Empty;

    /// <summary>The same for what may be an archive: no limit on the whole answer but a day.</summary>
    public ResiliencePipeline<Fetched>? Patient { get; set; }

    /// <summary>The host's robots.txt files by origin.</summary>
    public Dictionary<string, RobotsEntry> Robots { get; } = new(StringComparer.Ordinal);

    /// <summary>The host's reservations by origin, and when they are to be read again.</summary>
    public Dictionary<string, (TdmFile File, DateTimeOffset Until)> Reservations { get; } = new(StringComparer.Ordinal);

    /// <summary>Files of the host's origins that lie at hosts of another process.</summary>
    public Dictionary<(OriginFileKind Kind, string Origin), Errand> Elsewhere { get; } = [];

    /// <summary>One look at <see cref="Robots"/> and <see cref="Reservations"/> at a time.</summary>
    public SemaphoreSlim RobotsGate { get; } = new(1);

    /// <summary>Whether the host has ever answered. Until then one request at a time goes there, in a slot of new hosts.</summary>
    public bool Proven { get; set; }

    /// <summary>Targets in flight.</summary>
    public int Running { get; set; }

    /// <summary>Milliseconds (<see cref="Environment.TickCount64"/>) before which nothing more is asked.</summary>
    public long NotBefore { get; set; }

    /// <summary>Why nothing more is asked at all.</summary>
    public string? GivenUp { get; set; }

    /// <summary>Times the circuit breaker has opened.</summary>
    public int Breaks { get; set; }

    public bool InReady { get; set; }

    public bool InCooling { get; set; }

    public bool InIdle { get; set; }

    public int Limit => Proven ? Pace.Limit : 1;

    /// <summary>Nothing is asked for a while.</summary>
    public void Cool(TimeSpan time) => NotBefore = Math.Max(NotBefore, Environment.TickCount64 + (long)time.TotalMilliseconds);
}

/// <summary>A robots.txt in force.</summary>
/// <param name="File">Its rules.</param>
/// <param name="Refusal">Why nothing of the origin may be asked; null where the rules decide.</param>
/// <param name="Until">When it is to be read again (RFC 9309, 2.4: at most a day).</param>
internal sealed record RobotsEntry(RobotsFile File, string? Refusal, DateTimeOffset Until);
