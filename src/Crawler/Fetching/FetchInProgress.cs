// A target on its way through its host's pipeline.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>What the pipeline's callbacks tell the scheduler about.</summary>
/// <param name="scheduler">Who started it.</param>
/// <param name="host">Whose pipeline it is in.</param>
/// <param name="target">What is fetched.</param>
/// <param name="fresh">Whether the host had not answered before.</param>
internal sealed class FetchInProgress(CrawlScheduler scheduler, HostState host, WebTarget target, bool fresh)
{
    public HostState Host { get; } = host;

    public WebTarget Target { get; } = target;

    /// <summary>Whether it takes a slot of hosts that have never answered.</summary>
    public bool Fresh { get; set; } = fresh;

    /// <summary>Waiting for its next attempt: it counts for its host, not for the crawl.</summary>
    public bool Resting { get; set; }

    public void Rest(TimeSpan time, bool wholeHost) => scheduler.Rest(this, time, wholeHost);

    public void Broke(string reason, TimeSpan time) => scheduler.Broke(Host, reason, time);
}
