// Input that cannot be crawled.

namespace DataFreeKD.Crawler;

/// <summary>Input that cannot be crawled; the message says what, where and how to mend it.</summary>
public sealed class CrawlException(string message) : DataFreeKDException(message);
