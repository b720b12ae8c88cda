// What a crawl did, in numbers.

namespace DataFreeKD.Crawler;

/// <summary>What a crawl did.</summary>
/// <param name="Rows">Rows of the manifest.</param>
/// <param name="Added">Of them, added by this crawl.</param>
/// <param name="Counts">Rows by status, or by <c>status/reason</c>.</param>
/// <param name="Manifest">The manifest's path.</param>
/// <param name="Seconds">Wall seconds.</param>
public sealed record CrawlSummary(long Rows, long Added, IReadOnlyDictionary<string, long> Counts, string Manifest, double Seconds)
{
    /// <summary>The added rows alone, as <see cref="Counts"/>.</summary>
    public IReadOnlyDictionary<string, long> AddedCounts { get; init; } = new Dictionary<string, long>();
}
