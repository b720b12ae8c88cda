// How the web is crawled: politeness, timeouts and limits, with defaults that suit a server of somebody else.

using System.Net;
using DataFreeKD.Crawler.Buckets;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Steering;
using DataFreeKD.Storage;

namespace DataFreeKD.Crawler;

/// <summary>Options of the web part of a crawl.</summary>
public sealed record WebOptions
{
    /// <summary>Where a site's owner can reach whoever crawls: a mail address or a page. Told in the user agent.</summary>
    /// <value>Null: not told.</value>
    public string? Contact { get; init; }

    /// <summary>Networks that are not public and may be spoken to all the same.</summary>
    /// <value>None.</value>
    public IReadOnlyList<IPNetwork> AllowedNetworks { get; init; } = [];

    /// <summary>A PEM file of authorities whose servers are trusted besides those that the system trusts.</summary>
    /// <value>None.</value>
    public string? CaFile { get; init; }

    /// <summary>Requests at a time, over all hosts.</summary>
    /// <value>256.</value>
    public int Connections { get; init; } = 256;

    /// <summary>Requests at a time to one host, at most; a host starts with half of it and earns the rest by answering fast.</summary>
    /// <value>4.</value>
    public int ConnectionsPerHost { get; init; } = 4;

    /// <summary>Least time between the starts of two requests to one host.</summary>
    /// <value>None.</value>
    public TimeSpan Delay { get; init; } = TimeSpan.Zero;

    /// <summary>A <c>Crawl-delay</c> above this counts as this.</summary>
    /// <value>30 s.</value>
    public TimeSpan MaxCrawlDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Timeout of a connection, with its name look-up and TLS.</summary>
    /// <value>10 s.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Timeout of the headers of an answer, the connection included.</summary>
    /// <value>20 s.</value>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Timeout of a whole answer.</summary>
    /// <value>60 s.</value>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Further attempts after a failure that can heal.</summary>
    /// <value>2.</value>
    public int Retries { get; init; } = 2;

    /// <summary>Wait before the first further attempt; it doubles with each, with jitter.</summary>
    /// <value>1 s.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A server that asks in <c>Retry-After</c> for a longer wait is not asked again for that address.</summary>
    /// <value>2 minutes.</value>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Failures, hardly broken by a success, after which a host is left alone for <see cref="BreakDuration"/>.</summary>
    /// <value>10.</value>
    public int BreakAfter { get; init; } = 10;

    /// <summary>How long a failing host is left alone.</summary>
    /// <value>15 s.</value>
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After being left alone so many times the host is given up: what is left ends with the reason that broke it.</summary>
    /// <value>3.</value>
    public int MaxBreaks { get; init; } = 3;

    /// <summary>Redirects followed for one address.</summary>
    /// <value>10.</value>
    public int MaxRedirects { get; init; } = 10;

    /// <summary>How far pages are followed: 0 takes the images of the pages named, 1 also those of the pages that they link to, and so
    /// on.</summary>
    /// <value>Null: as 0 for pages named as sources, while a page in a list of addresses is <c>not_an_image</c>.</value>
    public int? Depth { get; init; }

    /// <summary>Follow links to pages of other sites too. Images may be anywhere.</summary>
    public bool AnySite { get; init; }

    /// <summary>Follow the sitemaps that robots.txt names on the origins of the addresses that are sources.</summary>
    /// <value>Null: only of a source that names a whole site, like <c>https://example.org/</c>.</value>
    public bool? RobotsSitemaps { get; init; }

    /// <summary>Pages found by links, at most.</summary>
    /// <value>10,000.</value>
    public int MaxPages { get; init; } = 10_000;

    /// <summary>Largest archive (tar, tar.gz, zip) that is fetched where a source is one, bytes. The limits on images are those of its
    /// members.</summary>
    /// <value>20 GB.</value>
    public long MaxArchiveBytes { get; init; } = 20_000_000_000;

    /// <summary>Addresses fetched, at most; those that robots.txt forbids count too.</summary>
    /// <value>Null: all.</value>
    public long? MaxFetches { get; init; }

    /// <summary>Spends <see cref="MaxFetches"/> where useful images come from, rather than on the first addresses.</summary>
    /// <value>Null: not steered.</value>
    internal SteeringOptions? Steering { get; init; }

    /// <summary>Where buckets are.</summary>
    public BucketOptions Buckets { get; init; } = new();

    /// <summary>The columns of lists.</summary>
    public UrlColumns Columns { get; init; } = new();

    /// <summary>Try the store's failed addresses once more; their rows are replaced.</summary>
    public bool RetryFailed { get; init; }

    /// <summary>Ask for the store's images again, as a whole only where they have changed (ETag, Last-Modified); their rows are
    /// replaced.</summary>
    public bool Refresh { get; init; }

    /// <summary>Ask robots.txt alone: every address that may be fetched ends as <see cref="Reason.WouldFetch"/>.</summary>
    internal bool DryRun { get; init; }

    /// <summary>The hosts that this process may ask.</summary>
    /// <value>Null: all.</value>
    internal Territory? Territory { get; init; }

    /// <summary>Name look-up; tests put their own.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>>? Resolve { get; init; }

    /// <summary>Refuses values that no crawl can use.</summary>
    /// <exception cref="CrawlException">Names the option.</exception>
    internal void Validate()
    {
        AtLeast(nameof(Connections), Connections, 1);
        AtLeast(nameof(ConnectionsPerHost), ConnectionsPerHost, 1);
        AtLeast(nameof(Retries), Retries, 0);
        AtLeast(nameof(MaxRedirects), MaxRedirects, 0);
        AtLeast(nameof(MaxPages), MaxPages, 0);
        AtLeast(nameof(Depth), Depth ?? 0, 0);
        BucketService.Told(() =>
        {
            Buckets.Validate();
            return true;
        });
        _ = new Certificates(CaFile);
        if (MaxArchiveBytes < 1)
            throw new CrawlException($"MaxArchiveBytes {MaxArchiveBytes}: give at least 1") { Options = [nameof(MaxArchiveBytes)] };
        if (MaxFetches < 1)
            throw new CrawlException($"MaxFetches {MaxFetches}: give at least 1") { Options = [nameof(MaxFetches)] };
        if (Steering is not null && MaxFetches is null)
            throw new CrawlException("Steering spends a budget; give one by MaxFetches")
            {
                Options = [nameof(Steering), nameof(MaxFetches)],
            };
        if (Steering is not null && (RetryFailed || Refresh))
            throw new CrawlException("Steering looks for new images; it does not go with RetryFailed or Refresh")
            {
                Options = [nameof(Steering), nameof(RetryFailed), nameof(Refresh)],
            };
        if (Contact is not null && Contact.Any(c => c is < ' ' or > '~' or '(' or ')'))
            throw new CrawlException($"Contact {Contact}: give a mail address or a URL in plain ASCII") { Options = [nameof(Contact)] };
    }

    private static void AtLeast(string option, int value, int least)
    {
        if (value < least)
            throw new CrawlException($"{option} {value}: give at least {least}") { Options = [option] };
    }
}
