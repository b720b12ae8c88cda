// The manifest of a store before a crawl: what is known, what is to be visited again.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Buckets;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Web;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Storage;

namespace DataFreeKD.Crawler;

/// <summary>Reads <c>manifest.csv</c>; a store without one is empty.</summary>
internal sealed class StoreManifest
{
    private readonly CancellationToken cancel;

    /// <exception cref="CrawlException">What is there is no manifest of a store.</exception>
    /// <exception cref="TableException">What is there cannot be read, or a file of its provenance's name is none.</exception>
    public StoreManifest(string store, CancellationToken cancel)
    {
        this.cancel = cancel;
        Path = System.IO.Path.Combine(store, "manifest.csv");
        Images = new ImageStore(store);
        Exists = File.Exists(Path);
        RefuseForeign();
        foreach (TableRow row in Read())
        {
            // A page may have new images: it is visited again, though its row stays the one it has.
            (row["reason"] == Reason.Page ? Pages : Known).Add(TextKey.Of(row["source"] ?? ""));
        }
    }

    // What every store's manifest has had in every version.
    private static readonly string[] Needed = ["path", "sha256", "status", "reason", "source"];

    // A table of somebody else would be read as what is known, and then replaced.
    private void RefuseForeign()
    {
        Provenance.RefuseForeign(Path, overwrite: true);
        if (!Exists)
            return;
        using TableReader table = Table.Open(Path);
        if (Array.Find(Needed, column => table.Header.IndexOf(column) < 0) is { } missing)
            throw new CrawlException(
                $"{Path} is no manifest of a store (it has no column '{missing}'), and would be replaced; name another store, or move it away"
            );
    }

    /// <summary>Columns that a crawl of the web adds.</summary>
    public static IReadOnlyList<string> WebColumns { get; } = ["etag", "last_modified"];

    public string Path { get; }

    public ImageStore Images { get; }

    public bool Exists { get; }

    /// <summary>Keys of the sources that have a row.</summary>
    public HashSet<UInt128> Known { get; } = [];

    /// <summary>Keys of the pages that have a row.</summary>
    public HashSet<UInt128> Pages { get; } = [];

    public IEnumerable<string> CarriedColumns() => Exists ? TableSource.CarriedColumns(Path, null) : [];

    /// <summary>What is in the store, by <see cref="TextKey"/> of the SHA-256.</summary>
    public HashSet<UInt128> Contents() =>
        [.. Read().Where(row => row["status"] == Status.Ok).Select(row => TextKey.Of(row["sha256"] ?? ""))];

    public IEnumerable<TableRow> Read()
    {
        if (!Exists)
            yield break;
        using TableReader table = Table.Open(Path);
        foreach (TableRow row in table.Rows(cancel))
            yield return row;
    }

    /// <summary>The rows that are to be fetched anew, each with its number from 0.</summary>
    public IEnumerable<WebTarget> Revisits(WebOptions options)
    {
        Lazy<BucketService> buckets = new(() => new BucketService(options));
        long ordinal = 0;
        foreach ((TableRow row, int number) in Read().Select((row, number) => (row, number)))
        {
            bool failed = row["status"] == Status.Failed || row["reason"] == Reason.RobotsUnreachable,
                image = row["status"] is Status.Ok or Status.Duplicate;
            if (!(options.RetryFailed && failed || options.Refresh && image))
                continue;
            if (ArchiveMembers.IsMember(row["source"] ?? "", Known))
                continue;
            Uri? address;
            if (BucketName.Fits(row["source"]!))
                address = buckets.Value.Server(BucketService.Parse(row["source"]!));
            else if (!Uri.TryCreate(row["source"], UriKind.Absolute, out address) || address.Scheme is not ("http" or "https"))
                continue;
            yield return new WebTarget(ordinal++, row["source"]!, address)
            {
                Replaces = number,
                ETag = Told(row["etag"], image),
                LastModified = Told(row["last_modified"], image),
                Archive = failed && ImageInputs.IsArchive(BucketName.Fits(row["source"]!) ? row["source"]! : address.AbsolutePath),
            };
        }
    }

    /// <summary>Starts the manifest that takes this one's place.</summary>
    public ManifestMerge Begin(string[] columns, CrawlOptions options, CrawlRows? web) => new(this, columns, options, web, cancel);

    private static string? Told(string? text, bool image) => image && !string.IsNullOrEmpty(text) ? text : null;
}
