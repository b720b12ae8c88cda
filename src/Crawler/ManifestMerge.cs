// The manifest of a store after a crawl: the rows that were there, then the new ones; each content is "ok" once, for the first row that has it.

using System.Globalization;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler;

/// <summary>Writes the new manifest; it appears with <see cref="Commit"/>.</summary>
internal sealed class ManifestMerge : IDisposable
{
    private const string SameContent = "same_content";

    private readonly StoreManifest before;
    private readonly string[] columns;
    private readonly TableWriter writer;

    // The path is null where the hash tells it, which is nearly always: half a gigabyte less for ten million images.
    private readonly Dictionary<UInt128, string?> stored = [];
    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <summary>Begins with the rows of <paramref name="before"/>, of which those that <paramref name="web"/> has fetched anew are replaced.</summary>
    public ManifestMerge(StoreManifest before, string[] columns, WebCrawl? web, CancellationToken cancel)
    {
        (this.before, this.columns) = (before, columns);
        // A replaced image must not be a duplicate of itself, and a row that stays must not become one of a new row: first what stays.
        foreach ((TableRow row, WebRow? anew) in Merged(web, cancel))
        {
            if (row["status"] == Status.Ok && Stays(row, anew)) stored[Key(row["sha256"]!)] = row["path"] == Usual(row["sha256"]!, row["format"]!) ? null : row["path"];
        }
        writer = Table.Create(before.Path, columns);
        foreach ((TableRow row, WebRow? anew) in Merged(web, cancel))
        {
            if (Stays(row, anew))
            {
                Write([.. columns.Select(column => row[column])], row["status"]!, row["reason"]!);
            }
            else
            {
                Write(anew!.Row, column => row[column]);
                Replaced++;
            }
        }
    }

    /// <summary>Rows written.</summary>
    public long Rows { get; private set; }

    /// <summary>Of them, rows that took the place of an earlier one.</summary>
    public long Replaced { get; private set; }

    /// <summary>Images in the store.</summary>
    public long Images => stored.Count;

    /// <summary>Rows by status, or by <c>status/reason</c>.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>Whether an image is in the store.</summary>
    public bool Has(string sha256) => stored.ContainsKey(Key(sha256));

    /// <summary>A file of this machine.</summary>
    public void Add(CheckedImage image)
    {
        string status = image.Reason switch { null => Status.Ok, CrawlRun.TooSmall => Status.Rejected, _ => Status.Failed };
        Write(new JournalRow(0, image.Found.Image.Path, status)
        {
            Reason = image.Reason ?? "",
            Sha256 = image.Sha256,
            Width = image.Width,
            Height = image.Height,
            Format = image.Format,
            Bytes = image.Found.Image.Bytes?.Length ?? 0,
            PHash = image.PerceptualHash?.ToString("x16", CultureInfo.InvariantCulture),
        }, column => image.Found.Row?[column]);
    }

    /// <summary>A target of the web.</summary>
    public void Add(WebRow row)
    {
        if (row.Row.Reason == Fetching.Reason.Page && before.Pages.Contains(WebCrawl.KeyOf(row.Row.Url))) return;
        Write(row.Row, column => row.Columns?.GetValueOrDefault(column));
    }

    public void Commit() => writer.Commit();

    public void Dispose() => writer.Dispose();

    // An image that could not be had again is still an image.
    private static bool Stays(TableRow row, WebRow? anew) => anew is null || anew.Row.Status == JournalRow.Kept || (anew.Row.Status == Status.Failed && row["status"] is Status.Ok or Status.Duplicate);

    private static UInt128 Key(string sha256) => UInt128.Parse(sha256.AsSpan(0, 32), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private string Usual(string sha256, string format) => ManifestPath.ToTable(before.Store.PathOf(sha256, format), before.Path);

    private IEnumerable<(TableRow Row, WebRow? Anew)> Merged(WebCrawl? web, CancellationToken cancel)
    {
        using IEnumerator<WebRow> replacing = (web?.Rows(cancel).Where(row => row.Row.Replaces is not null) ?? []).GetEnumerator();
        bool more = replacing.MoveNext();
        long number = 0;
        foreach (TableRow row in before.Read())
        {
            bool replaced = more && replacing.Current.Row.Replaces == number;
            number++;
            yield return (row, replaced ? replacing.Current : null);
            if (replaced) more = replacing.MoveNext();
        }
    }

    private void Write(JournalRow row, Func<string, string?> carried)
    {
        (string status, string reason, string path) = (row.Status, row.Reason, "");
        if (status == Status.Ok)
        {
            UInt128 key = Key(row.Sha256!);
            path = Usual(row.Sha256!, row.Format!);
            if (stored.TryGetValue(key, out string? first)) (status, reason, path) = (Status.Duplicate, SameContent, first ?? path);
            else stored[key] = null;
        }
        Write([.. columns.Select(column => column switch
        {
            "path" => path,
            "sha256" => row.Sha256,
            "source" => row.Url,
            "width" => Number(row.Width),
            "height" => Number(row.Height),
            "format" => row.Format,
            "bytes" => Number(row.Bytes),
            "phash" => row.PHash,
            "status" => status,
            "reason" => reason,
            "etag" when row.ETag is not null => row.ETag,
            "last_modified" when row.LastModified is not null => row.LastModified,
            _ => carried(column),
        })], status, reason);
    }

    private void Write(IReadOnlyList<string?> fields, string status, string reason)
    {
        writer.Write(fields);
        string key = reason.Length == 0 ? status : $"{status}/{reason}";
        counts[key] = counts.GetValueOrDefault(key) + 1;
        Rows++;
    }

    private static string? Number(long value) => value > 0 ? value.ToString(CultureInfo.InvariantCulture) : null;
}
