// What makes two crawls of the web the same: an interrupted one goes on only as it was begun.

using System.Globalization;

namespace DataFreeKD.Crawler.Web;

internal static class CrawlPlan
{
    /// <summary>The sources, and every option that the rows hang on.</summary>
    /// <param name="options">All options.</param>
    /// <param name="sources">The sources that are of the web.</param>
    public static Dictionary<string, string> Of(CrawlOptions options, IReadOnlyList<string> sources)
    {
        Dictionary<string, string> plan = Usual(options, sources);
        if (options.Limits.Formats.Count > 0) plan["allow-formats"] = string.Join(',', options.Limits.Formats.Order(StringComparer.Ordinal));
        return plan;
    }

    private static Dictionary<string, string> Usual(CrawlOptions options, IReadOnlyList<string> sources) => new(StringComparer.Ordinal)
    {
        ["s3-endpoint"] = options.Web.Buckets.Endpoint?.AbsoluteUri ?? "",
        ["sources"] = string.Join('\n', sources.Select(Identity)),
        ["reencode"] = options.Reencode.ToString(),
        ["near-duplicates"] = options.NearDuplicateRadius?.ToString(CultureInfo.InvariantCulture) ?? "",
        ["shards"] = options.ImagesPerShard?.ToString(CultureInfo.InvariantCulture) ?? "",
        ["min-side"] = options.MinSide.ToString(CultureInfo.InvariantCulture),
        ["depth"] = options.Web.Depth?.ToString(CultureInfo.InvariantCulture) ?? "",
        ["any-site"] = options.Web.AnySite.ToString(),
        ["max-fetches"] = options.Web.MaxFetches?.ToString(CultureInfo.InvariantCulture) ?? "",
        ["steer-by"] = options.Web.Steering is { } steering ? string.Create(CultureInfo.InvariantCulture, $"{steering.Name}, seed {steering.Seed}, rounds of {steering.RoundOf(options.Web.MaxFetches ?? 0)}") : "",
        ["robots-sitemaps"] = options.Web.RobotsSitemaps?.ToString() ?? "",
        ["max-pages"] = options.Web.MaxPages.ToString(CultureInfo.InvariantCulture),
        ["retry-failed"] = options.Web.RetryFailed.ToString(),
        ["refresh"] = options.Web.Refresh.ToString(),
    };

    // A list that has changed has other ordinals, so a journal made for it does not fit.
    private static string Identity(string source)
    {
        if (WebSources.IsAddress(source) || source == "-" || !File.Exists(source)) return source;
        var file = new FileInfo(source);
        return string.Create(CultureInfo.InvariantCulture, $"{file.FullName} ({file.Length} bytes of {file.LastWriteTimeUtc:O})");
    }
}
