// The manifest of a store after a crawl: the rows that were there, then the new ones; each content is "ok" once, for the first row that has
// it.

using System.Globalization;
using System.Text.Json.Nodes;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Web;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler;

/// <summary>Writes the new manifest; it appears with <see cref="Commit"/>.</summary>
internal sealed class ManifestMerge : IDisposable
{
    private const string ShardFolder = "shards";

    private readonly StoreManifest before;
    private readonly string[] columns;
    private readonly TableWriter writer;

    // The path is null where the hash tells it, which is nearly always: half a gigabyte less for ten million images.
    private readonly Dictionary<UInt128, string?> stored = [];
    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal),
        added = new(StringComparer.Ordinal);
    private readonly NearDuplicates? alike;
    private readonly ShardWriter? shards;

    /// <summary>Begins with the rows of <paramref name="before"/>, of which those that <paramref name="web"/> has fetched anew are
    /// replaced.</summary>
    public ManifestMerge(StoreManifest before, string[] columns, CrawlOptions options, CrawlRows? web, CancellationToken cancel)
    {
        (this.before, this.columns) = (before, columns);
        if (options.NearDuplicateRadius is { } radius)
            alike = new NearDuplicates(radius, options.Limits.MaxBytes);
        if (options.JudgesStore)
        {
            writer = Table.Create(before.Path, columns);
            Judge();
            return;
        }
        int shard = 0;
        // A replaced image must not be a duplicate of itself, and a row that stays must not become one of a new row: first what stays.
        foreach ((TableRow row, WebRow? anew) in Merged(web, cancel))
        {
            if (row["status"] != Status.Ok || !Stays(row, anew))
                continue;
            stored[Key(row["sha256"]!)] = row["path"] == Usual(row["sha256"]!, row["format"]!) ? null : row["path"];
            shard = Math.Max(shard, 1 + (ShardOf(row["path"]!) ?? -1));
            alike?.AddStored(row, before.Path);
        }
        if (options.ImagesPerShard is { } images)
            shards = new ShardWriter(Path.Combine(options.Store, ShardFolder), images, shard);
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

    /// <summary>Of them, those of new rows.</summary>
    public IReadOnlyDictionary<string, long> AddedCounts => added;

    /// <summary>Whether <c>images/</c> may hold what no row refers to.</summary>
    public bool LeavesOrphans => alike is not null || shards is not null;

    /// <summary>Whether an image's own file belongs to the store.</summary>
    public bool HasFile(string sha256) => stored.TryGetValue(Key(sha256), out string? path) && path is null;

    /// <summary>Whether an image is in the store.</summary>
    public bool Has(string sha256) => stored.ContainsKey(Key(sha256));

    /// <summary>A new row.</summary>
    /// <param name="row">The row; what its list says of it goes with it.</param>
    /// <param name="table">The row of the local table that named it; null elsewhere.</param>
    public void Add(WebRow row, TableRow? table)
    {
        if (row.Row.Reason == Reason.Page && before.Pages.Contains(TextKey.Of(row.Row.Url)))
            return;
        Write(row.Row, column => table is not null ? table[column] : row.Columns?.GetValueOrDefault(column));
    }

    public void Commit()
    {
        shards?.Complete();
        writer.Commit();
    }

    public void Dispose()
    {
        shards?.Dispose();
        writer.Dispose();
    }

    // As if every row came in anew, in the same order.
    private void Judge()
    {
        foreach (TableRow row in before.Read())
        {
            bool image = row["status"] == Status.Ok || (row["status"] == Status.Duplicate && row["reason"] == Reason.SameContent);
            if (row["reason"] == Reason.NearDuplicate)
                throw new CrawlException(
                    $"{before.Path}: near duplicates were judged before, and their files are gone ({row["source"]}); judge a store once, after crawls that record colours (NearDuplicatesLater)"
                )
                {
                    Options = [nameof(CrawlOptions.NearDuplicatesLater)],
                };
            if (!image)
            {
                Write([.. columns.Select(column => row[column])], row["status"]!, row["reason"]!);
                continue;
            }
            if (string.IsNullOrEmpty(row[Columns.Colours]) || row["path"] != Usual(row["sha256"]!, row["format"]!))
                throw new CrawlException(
                    $"{before.Path}: {row["source"]} {(string.IsNullOrEmpty(row[Columns.Colours]) ? "has no colours" : "lies in a tar shard")}, and cannot be judged; only crawls that record colours can (NearDuplicatesLater)"
                )
                {
                    Options = [nameof(CrawlOptions.NearDuplicatesLater)],
                };
            Write(
                new JournalRow(0, row["source"]!, Status.Ok)
                {
                    Sha256 = row["sha256"],
                    Width = int.Parse(row["width"]!, CultureInfo.InvariantCulture),
                    Height = int.Parse(row["height"]!, CultureInfo.InvariantCulture),
                    Format = row["format"],
                    Bytes = long.Parse(row["bytes"]!, CultureInfo.InvariantCulture),
                    PHash = row["phash"],
                    Colours = row[Columns.Colours],
                },
                column => row[column]
            );
        }
        added.Clear();
    }

    // An image that could not be had again is still an image.
    private static bool Stays(TableRow row, WebRow? anew) =>
        anew is null
        || anew.Row.Status == JournalRow.Kept
        || (anew.Row.Status == Status.Failed && row["status"] is Status.Ok or Status.Duplicate);

    private static UInt128 Key(string sha256) =>
        UInt128.Parse(sha256.AsSpan(0, 32), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private string Usual(string sha256, string format) => ManifestPath.ToTable(before.Images.PathOf(sha256, format), before.Path);

    private IEnumerable<(TableRow Row, WebRow? Anew)> Merged(CrawlRows? web, CancellationToken cancel)
    {
        using IEnumerator<WebRow> replacing = (web?.All(cancel).Where(row => row.Row.Replaces is not null) ?? []).GetEnumerator();
        bool more = replacing.MoveNext();
        long number = 0;
        foreach (TableRow row in before.Read())
        {
            bool replaced = more && replacing.Current.Row.Replaces == number;
            number++;
            yield return (row, replaced ? replacing.Current : null);
            if (replaced)
                more = replacing.MoveNext();
        }
    }

    // Into the shard under way; its member tells what the manifest does.
    private string Shard(JournalRow row, Func<string, string?> carried)
    {
        JsonObject facts = new()
        {
            ["url"] = carried("url") is { Length: > 0 } url ? url : row.Url,
            ["sha256"] = row.Sha256,
            ["width"] = row.Width,
            ["height"] = row.Height,
            ["phash"] = row.PHash,
        };
        foreach (string column in columns)
        {
            if (!facts.ContainsKey(column) && carried(column) is { Length: > 0 } value)
                facts[column] = value;
        }
        byte[] bytes = File.ReadAllBytes(before.Images.PathOf(row.Sha256!, row.Format!));
        return ManifestPath.ToTable(shards!.Add(new ShardSample(row.Sha256!, bytes, row.Format!, carried("caption"), facts)), before.Path);
    }

    private static int? ShardOf(string path) =>
        path.StartsWith($"{ShardFolder}/", StringComparison.Ordinal)
        && int.TryParse(
            path.AsSpan(ShardFolder.Length + 1, Math.Max(0, path.IndexOf('.', StringComparison.Ordinal) - ShardFolder.Length - 1)),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out int shard
        )
            ? shard
            : null;

    private void Write(JournalRow row, Func<string, string?> carried)
    {
        (string status, string reason, string path) = (row.Status, row.Reason, "");
        if (status == Status.Ok)
        {
            UInt128 key = Key(row.Sha256!);
            path = Usual(row.Sha256!, row.Format!);
            if (stored.TryGetValue(key, out string? first))
                (status, reason, path) = (Status.Duplicate, Reason.SameContent, first ?? path);
            else if (alike?.FindOrAdd(row) is { } like)
                (status, reason, path) = (
                    Status.Duplicate,
                    Reason.NearDuplicate,
                    stored[Key(like.Sha256)] ?? Usual(like.Sha256, like.Format)
                );
            else
                stored[key] = shards is null ? null : path = Shard(row, carried);
        }
        Write(
            [
                .. columns.Select(column =>
                    column switch
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
                        Columns.Colours when row.Colours is not null => row.Colours,
                        "etag" when row.ETag is not null => row.ETag,
                        "last_modified" when row.LastModified is not null => row.LastModified,
                        _ => carried(column),
                    }
                ),
            ],
            status,
            reason
        );
        added[Key(status, reason)] = added.GetValueOrDefault(Key(status, reason)) + 1;
    }

    private void Write(IReadOnlyList<string?> fields, string status, string reason)
    {
        writer.Write(fields);
        string key = Key(status, reason);
        counts[key] = counts.GetValueOrDefault(key) + 1;
        Rows++;
    }

    private static string Key(string status, string reason) => reason.Length == 0 ? status : $"{status}/{reason}";

    private static string? Number(long value) => value > 0 ? value.ToString(CultureInfo.InvariantCulture) : null;
}
