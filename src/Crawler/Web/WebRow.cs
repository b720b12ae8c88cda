// What the web part of a crawl hands to the manifest.

using DataFreeKD.Crawler.Journal;

namespace DataFreeKD.Crawler.Web;

/// <summary>A row of the web for the manifest.</summary>
/// <param name="Row">How the target ended.</param>
/// <param name="Columns">What the list that named it says of it; null elsewhere.</param>
internal sealed record WebRow(JournalRow Row, IReadOnlyDictionary<string, string?>? Columns);
