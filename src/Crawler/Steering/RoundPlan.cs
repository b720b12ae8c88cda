// What a round asks for: hosts by what their images were worth, and on each its pages likewise.

namespace DataFreeKD.Crawler.Steering;

/// <summary>The beliefs about hosts and pages.</summary>
/// <param name="seed">Decides the draws.</param>
internal sealed class RoundPlan(ulong seed)
{
    private readonly ThompsonBandit hosts = new(seed),
        pages = new(~seed);

    /// <summary>Divides a round among what waits.</summary>
    public IReadOnlyList<RoundShare> Next(Frontier frontier, int fetches)
    {
        List<RoundShare> shares = [];
        foreach ((string host, int some) in hosts.Share(frontier.Hosts, fetches))
        {
            shares.AddRange(pages.Share(frontier.PagesOf(host), some).Select(share => new RoundShare(host, share.Source, share.Fetches)));
        }
        return shares;
    }

    /// <summary>Tells what a fetch was worth, from 0 to 1.</summary>
    public void Reward(RoundShare share, double useful)
    {
        hosts.Reward(share.Host, useful);
        pages.Reward(share.Page, useful);
    }

    public void EndRound()
    {
        hosts.EndRound();
        pages.EndRound();
    }
}
