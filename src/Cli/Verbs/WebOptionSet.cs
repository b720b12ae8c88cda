// The options of dfkd crawl that concern the web and the store.

using System.CommandLine;
using System.Globalization;
using System.Net;
using DataFreeKD.Crawler;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Store;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Offers them, and reads them back.</summary>
internal sealed class WebOptionSet
{
    private const string Later = "later";

    private static readonly WebOptions Otherwise = new();
    private static readonly UrlColumns Names = new();

    private readonly Option<string?> contact = Text(
        "--contact",
        "Mail address or page where site owners reach you; part of the user agent",
        "TEXT"
    );
    private readonly Option<string[]> networks = new("--allow-network")
    {
        Description = "Private network (CIDR) that may be contacted; repeatable",
        HelpName = "CIDR",
    };
    private readonly Option<int> connections = CommonOptions
        .Count("--connections", "Requests at a time, over all hosts", Otherwise.Connections)
        .AtLeast(1);
    private readonly Option<int> connectionsPerHost = CommonOptions
        .Count("--connections-per-host", "Requests at a time to one host, at most", Otherwise.ConnectionsPerHost)
        .AtLeast(1);
    private readonly Option<double> delay = CommonOptions.Figure("--delay", "Least seconds between two requests to one host", 0);
    private readonly Option<double> timeout = CommonOptions.Figure(
        "--timeout",
        "Longest wait for a whole response, seconds",
        Otherwise.BodyTimeout.TotalSeconds
    );
    private readonly Option<int> retries = CommonOptions
        .Count("--retries", "Further attempts after a temporary failure", Otherwise.Retries)
        .AtLeast(0);
    private readonly Option<int?> depth = CommonOptions.OwnCount(
        "--depth",
        "How many links deep to follow pages: 0 takes only the images of the pages named"
    );
    private readonly Option<bool> anySite = new("--any-site") { Description = "Follow links to pages of other sites too" };
    private readonly Option<int> maxPages = CommonOptions
        .Count("--max-pages", "Pages found by links, at most", Otherwise.MaxPages)
        .AtLeast(0);
    private readonly Option<bool?> sitemaps = new("--robots-sitemaps")
    {
        Description = "Follow the sitemaps that robots.txt names [default: where a source is a whole site, https://host/]",
        HelpName = "true|false",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> caFile = Text(
        "--ca-file",
        "PEM file of authorities whose servers are trusted besides the system's",
        "FILE"
    );
    private readonly Option<long> maxArchive = new("--max-archive-bytes")
    {
        Description = "Largest archive that is fetched where a source is one",
        HelpName = "N",
        DefaultValueFactory = _ => Otherwise.MaxArchiveBytes,
    };
    private readonly Option<string> url = Column("--url-column", "Column of a list that holds the addresses", Names.Url);
    private readonly Option<string> caption = Column("--caption-column", "Column of a list that holds the captions", Names.Caption!);
    private readonly Option<string> licence = Column("--license-column", "Column of a list that holds the licences", Names.License!);
    private readonly Option<bool> retryFailed = new("--retry-failed")
    {
        Description =
            "Try the store's failed addresses once more; no SOURCE. With --shard or --engine: try partitions again that failed before",
    };
    private readonly Option<bool> refresh = new("--refresh")
    {
        Description = "Ask whether the store's images have changed, and fetch those that have; no SOURCE",
    };

    private readonly Choice<ResizeMode> resize = new("--resize", "Resize on the way in; --side says to what");
    private readonly Option<int?> side = CommonOptions.OwnCount("--side", "Pixels of the side that --resize measures");
    private readonly Option<bool> onlyIfBigger = new("--only-if-bigger") { Description = "Resize nothing up" };
    private readonly Choice<EncodeFormat> format = new("--format", "Format to store");
    private readonly Option<int> quality = CommonOptions
        .Count("--quality", "Quality of JPEG and WebP, 1 to 100", ReencodeOptions.Keep.Quality)
        .AtLeast(1);
    private readonly Option<bool> keepMetadata = new("--keep-metadata")
    {
        Description = "Keep EXIF, XMP and comments of files that are stored as they came",
    };
    private readonly Option<string?> nearDuplicates = Text(
        "--near-duplicates",
        "Take images whose hashes differ in at most so many bits (0 to 8) for duplicates; later records what the judgement needs, and a call with BITS and no SOURCE judges the store",
        "BITS|later"
    );
    private readonly Option<int?> shards = CommonOptions.OwnCount(
        "--shards",
        "Store webdataset tar shards of so many images instead of files"
    );

    /// <summary>The option that tries again what failed, which crawls in partitions have too.</summary>
    public Option<bool> RetryFailed => retryFailed;

    /// <summary>All of them.</summary>
    public Option[] All =>
        [
            resize.Option,
            side,
            onlyIfBigger,
            format.Option,
            quality,
            keepMetadata,
            nearDuplicates,
            shards,
            contact,
            networks,
            connections,
            connectionsPerHost,
            delay,
            timeout,
            retries,
            depth,
            anySite,
            maxPages,
            sitemaps,
            caFile,
            maxArchive,
            .. StorageOptionSet.All,
            url,
            caption,
            licence,
            retryFailed,
            refresh,
        ];

    /// <summary>Adds what was given to <paramref name="options"/>.</summary>
    public CrawlOptions Apply(ParseResult parsed, CrawlOptions options) =>
        options with
        {
            Reencode = new ReencodeOptions(
                parsed.GetValue(side),
                resize.In(parsed),
                parsed.GetValue(onlyIfBigger),
                format.In(parsed),
                parsed.GetValue(quality),
                parsed.GetValue(keepMetadata)
            ),
            NearDuplicateRadius = RadiusIn(parsed),
            NearDuplicatesLater = parsed.GetValue(nearDuplicates) == Later,
            ImagesPerShard = parsed.GetValue(shards),
            Web = Read(parsed),
        };

    private int? RadiusIn(ParseResult parsed) =>
        parsed.GetValue(nearDuplicates) is not { } text || text == Later ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int bits) ? bits
        : throw new UsageException($"--near-duplicates {text}: give 0 to 8 bits, or later");

    private WebOptions Read(ParseResult parsed)
    {
        TimeSpan patience = Seconds(parsed, timeout, 0.001);
        return new WebOptions
        {
            Contact = parsed.GetValue(contact),
            AllowedNetworks = [.. (parsed.GetValue(networks) ?? []).Select(Network)],
            Connections = parsed.GetValue(connections),
            ConnectionsPerHost = parsed.GetValue(connectionsPerHost),
            Delay = Seconds(parsed, delay, 0),
            ConnectTimeout = Shorter(patience, Otherwise.ConnectTimeout),
            HeadersTimeout = Shorter(patience, Otherwise.HeadersTimeout),
            BodyTimeout = patience,
            Retries = parsed.GetValue(retries),
            Depth = parsed.GetValue(depth),
            AnySite = parsed.GetValue(anySite),
            MaxPages = parsed.GetValue(maxPages),
            RobotsSitemaps = parsed.GetValue(sitemaps),
            CaFile = parsed.GetValue(caFile),
            MaxArchiveBytes = parsed.GetValue(maxArchive),
            Buckets = StorageOptionSet.In(parsed),
            Columns = new UrlColumns(parsed.GetValue(url)!, parsed.GetValue(caption), parsed.GetValue(licence)),
            RetryFailed = parsed.GetValue(retryFailed),
            Refresh = parsed.GetValue(refresh),
        };
    }

    /// <summary>Reads a network.</summary>
    public static IPNetwork Network(string text) =>
        IPNetwork.TryParse(text, out IPNetwork network)
            ? network
            : throw new UsageException($"--allow-network {text}: expected a network like 10.0.0.0/8 or fd00::/8");

    private static TimeSpan Seconds(ParseResult parsed, Option<double> option, double least) =>
        parsed.GetValue(option) is var value && value >= least && value <= 86_400
            ? TimeSpan.FromSeconds(value)
            : throw new UsageException(FormattableString.Invariant($"{option.Name} {value}: give {least} to 86400 seconds"));

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static Option<string?> Text(string name, string description, string helpName) =>
        new(name) { Description = description, HelpName = helpName };

    private static Option<string> Column(string name, string description, string otherwise) =>
        new(name)
        {
            Description = description,
            HelpName = "NAME",
            DefaultValueFactory = _ => otherwise,
        };
}
