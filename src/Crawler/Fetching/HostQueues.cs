// Which host is next: hosts with waiting targets, by whether they may be asked now, later, or have nothing to do.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>All hosts that are known, with their targets. The scheduler's lock guards it.</summary>
/// <param name="options">Limits and manners.</param>
/// <param name="spill">Where targets wait beyond a few.</param>
internal sealed class HostQueues(WebOptions options, SpillFile spill)
{
    /// <summary>Hosts known at a time; beyond it nothing is read ahead.</summary>
    private const int MaxHosts = 50_000;

    /// <summary>Hosts with nothing to do that are remembered, for their robots.txt and their pace.</summary>
    private const int MaxIdleHosts = 1_000;

    private readonly Dictionary<string, HostState> hosts = new(StringComparer.Ordinal);
    private readonly Queue<HostState> ready = new(),
        fresh = new(),
        idle = new();
    private readonly PriorityQueue<HostState, long> cooling = new();

    /// <summary>Whether more targets are to be read ahead.</summary>
    public bool WantsMore => ready.Count < Math.Max(1, options.Connections / 2) && hosts.Count < MaxHosts;

    /// <summary>Whether any target is in flight.</summary>
    public bool Running => hosts.Values.Any(host => host.Running > 0);

    /// <summary>Milliseconds until a host may be asked again, a second at most.</summary>
    public int WaitMilliseconds => cooling.TryPeek(out _, out long due) ? (int)Math.Clamp(due - Environment.TickCount64, 1, 1000) : 1000;

    /// <summary>Puts a target in its host's queue.</summary>
    public void Add(WebTarget target)
    {
        if (!hosts.TryGetValue(target.Host, out HostState? host))
        {
            hosts[target.Host] = host = new HostState(target.Host, options, spill);
            options.Territory?.Memory.Restore(host);
        }
        host.Waiting.Add(target);
        Offer(host);
    }

    /// <summary>Puts a host that has something to do where it will be found.</summary>
    public void Offer(HostState host)
    {
        if (host.Waiting.Count == 0)
        {
            if (host.Running > 0 || host.InIdle)
                return;
            idle.Enqueue(host);
            host.InIdle = true;
            Forget();
            return;
        }
        if (host.Running >= host.Limit)
            return;
        if (Cools(host))
        {
            if (!host.InCooling)
                cooling.Enqueue(host, host.NotBefore);
            host.InCooling = true;
        }
        else if (!host.InReady)
        {
            (host.Proven || host.GivenUp is not null ? ready : fresh).Enqueue(host);
            host.InReady = true;
        }
    }

    /// <summary>Offers the hosts that have cooled down.</summary>
    public void OfferCooled()
    {
        while (cooling.TryPeek(out HostState? host, out long due) && due <= Environment.TickCount64)
        {
            cooling.Dequeue();
            host.InCooling = false;
            Offer(host);
        }
    }

    /// <summary>Takes a host that a target may start for now; null where there is none.</summary>
    /// <param name="newHosts">Whether it may be one that has never answered; such come first.</param>
    /// <param name="proven">Whether it may be one that has.</param>
    public HostState? Next(bool newHosts, bool proven)
    {
        HostState? host;
        while ((newHosts && fresh.TryDequeue(out host)) || (proven && ready.TryDequeue(out host)))
        {
            host.InReady = false;
            if (host.Waiting.Count == 0 || host.Running >= host.Limit)
                continue;
            if (!Cools(host))
                return host;
            Offer(host);
        }
        return null;
    }

    private static bool Cools(HostState host) => host.GivenUp is null && host.NotBefore > Environment.TickCount64;

    // Hosts are forgotten oldest first; one that has work again is only passed over.
    private void Forget()
    {
        while (idle.Count > MaxIdleHosts)
        {
            HostState oldest = idle.Dequeue();
            oldest.InIdle = false;
            if (oldest.Waiting.Count == 0 && oldest.Running == 0)
                hosts.Remove(oldest.Name);
        }
    }
}
