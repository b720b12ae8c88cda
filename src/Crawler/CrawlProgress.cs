// How far a crawl is.

namespace DataFreeKD.Crawler;

/// <summary>Progress of a crawl.</summary>
/// <param name="Done">Files looked at.</param>
/// <param name="Stored">Of them, new images in the store.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Rejected">Of them, refused by policy.</param>
/// <param name="Failed">Of them, not to be had or not to be decoded.</param>
public sealed record CrawlProgress(long Done, long Stored, long Bytes, long Rejected = 0, long Failed = 0);
