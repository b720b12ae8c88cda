// What makes two crawls of the web the same: an interrupted one goes on only as it was begun.

using System.Globalization;
using DataFreeKD.Crawler.Sources;

namespace DataFreeKD.Crawler.Web;

internal static class CrawlPlan
{
    /// <summary>The sources, and every option that the rows hang on.</summary>
    /// <param name="options">All options.</param>
    /// <param name="sources">The sources that are of the web.</param>
    public static Dictionary<string, string> Of(CrawlOptions options, IReadOnlyList<string> sources)
    {
        Dictionary<string, string> plan = Usual(options, sources);
        if (options.Limits.Formats.Count > 0)
            plan["allow-formats"] = string.Join(',', options.Limits.Formats.Order(StringComparer.Ordinal));
        return plan;
    }

    private static Dictionary<string, string> Usual(CrawlOptions options, IReadOnlyList<string> sources) =>
        new(
            OptionsText
                .Only(options, nameof(CrawlOptions.MinSide))
                .Concat(
                    OptionsText.Only(
                        options.Web,
                        nameof(WebOptions.Depth),
                        nameof(WebOptions.AnySite),
                        nameof(WebOptions.MaxFetches),
                        nameof(WebOptions.RobotsSitemaps),
                        nameof(WebOptions.MaxPages),
                        nameof(WebOptions.RetryFailed),
                        nameof(WebOptions.Refresh)
                    )
                ),
            StringComparer.Ordinal
        )
        {
            ["s3-endpoint"] = options.Web.Buckets.Endpoint?.AbsoluteUri ?? "",
            ["sources"] = string.Join('\n', sources.Select(Identity)),
            ["reencode"] = options.Reencode.ToString(),
            ["near-duplicates"] = options.NearDuplicatesLater ? "later" : OptionsText.Text(options.NearDuplicateRadius),
            ["shards"] = OptionsText.Text(options.ImagesPerShard),
            ["steer-by"] = options.Web.Steering is { } steering ? CrawlProvenance.Steering(options, steering) : "",
        };

    // A list that has changed has other ordinals, so a journal made for it does not fit.
    private static string Identity(string source)
    {
        if (WebSources.IsAddress(source) || source == "-" || !File.Exists(source))
            return source;
        FileInfo file = new(source);
        return string.Create(CultureInfo.InvariantCulture, $"{file.FullName} ({file.Length} bytes of {file.LastWriteTimeUtc:O})");
    }
}
