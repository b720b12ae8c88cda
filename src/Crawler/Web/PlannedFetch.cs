// What would come of an address.

namespace DataFreeKD.Crawler.Web;

/// <summary>What a dry run says of an address.</summary>
/// <param name="Url">The address as it was given.</param>
/// <param name="Decision"><c>fetch</c>, <c>known</c> where the store has a row for it, or the reason for which it would not be
/// fetched.</param>
internal sealed record PlannedFetch(string Url, string Decision);
