// Which partition a host belongs to.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Sharding;

/// <summary>Sites by partition: the largest have one each, the first ones, so that they are begun first; the rest is spread by a hash of
/// the name.</summary>
/// <param name="Count">Partitions.</param>
/// <param name="Alone">Sites that have a partition to themselves, largest first: their places are their numbers.</param>
internal sealed record CrawlPartitions(int Count, IReadOnlyList<string> Alone)
{
    /// <summary>Partitions at most, unless more are asked for.</summary>
    public const int Most = 4096;

    // So many sites keep the connections of one process busy.
    private const int SitesOfOne = 8,
        Fewest = 16;

    private readonly Dictionary<string, int> alone = Alone
        .Index()
        .ToDictionary(site => site.Item, site => site.Index, StringComparer.Ordinal);

    /// <summary>Spreads sites.</summary>
    /// <param name="targets">Targets by site.</param>
    /// <param name="partitions">Partitions; null for as many as suit.</param>
    public static CrawlPartitions Of(IReadOnlyDictionary<string, long> targets, int? partitions)
    {
        int count = partitions ?? Math.Clamp(targets.Count / SitesOfOne, Math.Clamp(targets.Count, 1, Fewest), Most);
        double fair = (double)targets.Values.Sum() / count;
        return new CrawlPartitions(
            count,
            [
                .. targets
                    .Where(site => site.Value > fair)
                    .OrderByDescending(site => site.Value)
                    .ThenBy(site => site.Key, StringComparer.Ordinal)
                    .Take(count - 1)
                    .Select(site => site.Key),
            ]
        );
    }

    /// <summary>The partition of an address.</summary>
    public int Of(Uri address)
    {
        string site = SiteName.Of(address);
        return alone.TryGetValue(site, out int own) ? own : Alone.Count + (int)(TextKey.Of(site) % (UInt128)(Count - Alone.Count));
    }

    /// <summary>The partition whose host is asked next for a target.</summary>
    public int Of(WebTarget target) => Of(target.Errand?.Address ?? target.Address);
}
