// The hosts that a process may ask, where several share a crawl.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>What one process has of a crawl that several share.</summary>
internal sealed class Territory
{
    /// <summary>Whether a host is one of this process's.</summary>
    public required Func<Uri, bool> Holds { get; init; }

    /// <summary>Whether requests may still be made; asked before each.</summary>
    public Func<bool> MayAsk { get; init; } = () => true;

    /// <summary>What is known of hosts, which outlives the process.</summary>
    public required HostMemory Memory { get; init; }
}

/// <summary>A file of an origin lies at a host of another process.</summary>
internal sealed class ElsewhereException(Errand errand) : Exception($"{errand.Address} is at a host of another process")
{
    /// <summary>What has to be asked there.</summary>
    public Errand Errand { get; } = errand;
}
