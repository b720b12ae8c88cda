// What the user named of the web: addresses, lists of them, buckets.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Buckets;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Storage;

namespace DataFreeKD.Crawler.Sources;

/// <summary>Gives the targets that sources name, any number of times the same.</summary>
/// <param name="options">How sources are read.</param>
/// <param name="sources">The sources that are of the web.</param>
/// <param name="standardInput">The file that standard input is kept in, or <c>-</c> to read it as it comes.</param>
/// <param name="listing">The file for the listing of a bucket, by the place of its source.</param>
internal sealed class WebSources(WebOptions options, IReadOnlyList<string> sources, string standardInput, Func<int, string> listing)
    : IDisposable
{
    private readonly Lazy<BucketService> buckets = new(() => new BucketService(options));

    // Stands for an address that cannot be read.
    private static readonly Uri Nowhere = new("about:blank");

    /// <summary>Whether a source is an address itself.</summary>
    public static bool IsAddress(string source) =>
        source.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Columns of the lists that travel into the manifest.</summary>
    public IEnumerable<string> CarriedColumns() =>
        sources
            .Where(source => !IsAddress(source) && !BucketName.Fits(source) && source != UrlList.StandardInput)
            .SelectMany(source => UrlList.CarriedColumns(source, options.Columns));

    /// <summary>Keeps standard input, which comes but once, unless that was done before.</summary>
    public async Task KeepStandardInput(CancellationToken cancel)
    {
        if (!sources.Contains("-") || File.Exists(standardInput))
            return;
        using AtomicFile file = new(standardInput);
        await using (Stream input = Console.OpenStandardInput())
            await input.CopyToAsync(file.Stream, cancel).ConfigureAwait(false);
        file.Commit();
    }

    /// <summary>Lists the buckets, unless that was done before. <see cref="Named"/> needs it.</summary>
    /// <exception cref="CrawlException">A bucket cannot be listed.</exception>
    public async Task ListBuckets(CancellationToken cancel)
    {
        foreach ((int place, string source) in sources.Index())
        {
            if (BucketName.Fits(source))
                await BucketListing.Keep(listing(place), buckets.Value, BucketService.Parse(source), cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Every target in the order that the user gave, with its entry of a list; an address that is none becomes a target that fails
    /// at once.</summary>
    public IEnumerable<(WebTarget Target, ListedUrl? Listed)> Named(CancellationToken cancel)
    {
        long ordinal = 0;
        foreach ((int place, string source) in sources.Index())
        {
            if (BucketName.Fits(source))
            {
                BucketName start = BucketService.Parse(source);
                Uri server = buckets.Value.Server(start);
                foreach (BucketName name in BucketListing.Read(listing(place), start))
                    yield return (Target(ordinal++, name.ToString(), server, -1) with { Archive = ImageInputs.IsArchive(name.Key) }, null);
                continue;
            }
            if (IsAddress(source))
            {
                yield return (
                    Target(ordinal++, source, WebAddress.Parse(source), options.Depth ?? 0) with
                    {
                        Archive = true,
                        Sitemaps = options.RobotsSitemaps ?? IsWholeSite(source),
                    },
                    null
                );
                continue;
            }
            foreach (ListedUrl listed in UrlList.Read(source == "-" ? standardInput : source, options.Columns, cancel))
            {
                yield return (Target(ordinal++, listed.Text, listed.Url, options.Depth ?? -1), listed);
            }
        }
    }

    /// <summary>The address by which a bucket's object can be had.</summary>
    public Uri Sign(WebTarget target) => buckets.Value.Sign(BucketService.Parse(target.Url));

    public void Dispose()
    {
        if (buckets.IsValueCreated)
            buckets.Value.Dispose();
    }

    private static WebTarget Target(long ordinal, string text, Uri? address, int depth) =>
        new(ordinal, text, address ?? Nowhere) { Depth = depth };

    private static bool IsWholeSite(string source) => WebAddress.Parse(source) is { PathAndQuery: "/" };
}
