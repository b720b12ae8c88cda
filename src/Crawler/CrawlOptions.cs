// What crawling needs to know.

using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;

namespace DataFreeKD.Crawler;

/// <summary>Options of a crawl.</summary>
public sealed record CrawlOptions
{
    /// <summary>Folders, files, globs, archives (tar, also gzipped, and zip), tables and lists of paths, Parquet files with images in them;
    /// addresses of images, pages, sitemaps and feeds; lists of addresses, also folders and globs of lists.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>Images made on demand, after those of <see cref="Sources"/>.</summary>
    internal IReadOnlyList<MadeImages> Made { get; init; } = [];

    /// <summary>The store's folder: <c>manifest.csv</c> and <c>images/ab/&lt;sha256&gt;.&lt;format&gt;</c>. Crawling into an existing store
    /// adds to it.</summary>
    public required string Store { get; init; }

    /// <summary>Images with a shorter side are rejected as <c>too_small</c>, pixels.</summary>
    /// <value>1: none.</value>
    public int MinSide { get; init; } = 1;

    /// <summary>Limits on bytes and pixels. Its <see cref="DecodeLimits.Formats"/> are those that bytes of the web may have beside the
    /// usual five; files of this machine may have all.</summary>
    public DecodeLimits Limits { get; init; } = new();

    /// <summary>The column of tables that holds the paths.</summary>
    /// <value>Null: <c>path</c>, or another usual name (<see cref="DataFreeKD.Manifests.ColumnNames"/>).</value>
    public string? PathColumn { get; init; }

    /// <summary>Follow symbolic links in folders and tables.</summary>
    /// <value>False: each is a row with the reason <c>link</c>.</value>
    public bool FollowLinks { get; init; }

    /// <summary>Decoding workers.</summary>
    /// <value>One a core.</value>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Size, format and metadata of what is stored.</summary>
    /// <value>The file as it came, without its metadata.</value>
    public ReencodeOptions Reencode { get; init; } = ReencodeOptions.Keep;

    /// <summary>Images whose perceptual hashes differ in at most so many bits from an earlier one's (and whose colours are alike) are
    /// <c>duplicate/near_duplicate</c>; 0–8.</summary>
    /// <value>Null: not looked for.</value>
    public int? NearDuplicateRadius { get; init; }

    /// <summary>Record the colours by which near duplicates are told, and judge none. A later call without sources and with
    /// <see cref="NearDuplicateRadius"/> judges all images in the manifest's order, and leaves the manifest that a crawl with that radius
    /// writes.</summary>
    public bool NearDuplicatesLater { get; init; }

    internal bool RecordsColours => NearDuplicateRadius is not null || NearDuplicatesLater;

    /// <summary>Whether nothing is crawled, and the images of the store are judged.</summary>
    internal bool JudgesStore => Sources.Count + Made.Count == 0 && NearDuplicateRadius is not null && !Web.RetryFailed && !Web.Refresh;

    /// <summary>Images of a webdataset tar shard: <c>shards/00000.tar</c>, ... instead of <c>images/</c>.</summary>
    /// <value>Null: files.</value>
    public int? ImagesPerShard { get; init; }

    /// <summary>How the web is crawled.</summary>
    public WebOptions Web { get; init; } = new();

    /// <summary>Refuses values that no crawl can use.</summary>
    /// <exception cref="CrawlException">Names the option.</exception>
    public void Validate()
    {
        bool revisits = Web.RetryFailed || Web.Refresh;
        if (NearDuplicatesLater && NearDuplicateRadius is not null)
            throw new CrawlException("NearDuplicatesLater leaves the judgement to a later call; give no NearDuplicateRadius with it")
            {
                Options = [nameof(NearDuplicatesLater), nameof(NearDuplicateRadius)],
            };
        if (NearDuplicatesLater && ImagesPerShard is not null)
            throw new CrawlException(
                "near duplicates that are judged later leave the store then, and a tar shard is written once; give NearDuplicateRadius in bits, or leave ImagesPerShard out"
            )
            {
                Options = [nameof(ImagesPerShard), nameof(NearDuplicateRadius)],
            };
        if (Sources.Count + Made.Count == 0 && !revisits && !JudgesStore)
            throw new CrawlException("no source given; name folders, files, globs, archives, tables, addresses or lists of addresses");
        if (Sources.Count + Made.Count > 0 && revisits)
            throw new CrawlException("RetryFailed and Refresh go over what the store has; give no source with them")
            {
                Options = [nameof(Web.RetryFailed), nameof(Web.Refresh)],
            };
        if (NearDuplicateRadius is < 0 or > 8)
            throw new CrawlException($"NearDuplicateRadius {NearDuplicateRadius}: give 0 to 8 bits")
            {
                Options = [nameof(NearDuplicateRadius)],
            };
        if (ImagesPerShard < 1)
            throw new CrawlException($"ImagesPerShard {ImagesPerShard}: give at least 1 image a shard")
            {
                Options = [nameof(ImagesPerShard)],
            };
        Reencode.Validate();
        Web.Validate();
        if (MinSide < 1)
            throw new CrawlException($"MinSide {MinSide}: give at least 1") { Options = [nameof(MinSide)] };
        if (Workers < 1)
            throw new CrawlException($"Workers {Workers}: give at least 1") { Options = [nameof(Workers)] };
    }
}
