// Lists of web addresses: txt, csv, tsv, json, jsonl and parquet files, also gzipped, and lines on standard input.

using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Folders;
using DataFreeKD.Manifests.Lists;

namespace DataFreeKD.Crawler.Sources;

/// <summary>Streams URL lists; memory does not grow with their length (of a Parquet file it is one row group).</summary>
internal static class UrlList
{
    public const string StandardInput = "-";

    private const int EntriesLookedAt = 1000;

    /// <summary>The columns that the list brings along and the store does not have.</summary>
    /// <exception cref="CrawlException">The list has no such column of addresses.</exception>
    /// <exception cref="TableException">It cannot be read.</exception>
    public static IReadOnlyList<string> CarriedColumns(string source, UrlColumns columns)
    {
        // JSON has no header: the entries this far in decide which keys become columns.
        IEnumerable<string> names =
            HasRows(source) ? ParquetColumns(source, columns)
            : ListReader.IsJson(source)
                ? Read(source, columns, CancellationToken.None).Take(EntriesLookedAt).SelectMany(listed => listed.Columns.Keys)
            : Checked(new ListReader(source, columns.IsKnown), columns, source).Columns;
        return [.. names.Select(columns.CarriedAs).OfType<string>().Where(name => !Columns.Store.Contains(name)).Distinct()];
    }

    /// <summary>Every entry in the list's order; one that is malformed has no <see cref="ListedUrl.Url"/>. Empty lines, and in txt lines
    /// that start with #, are no entries.</summary>
    /// <exception cref="CrawlException">The list has no such column of addresses.</exception>
    /// <exception cref="TableException">A file that cannot be read, or JSON that breaks off.</exception>
    public static IEnumerable<ListedUrl> Read(string source, UrlColumns columns, CancellationToken cancel) =>
        source == StandardInput ? Lines(cancel)
        : HasRows(source) ? Parquet(source, columns, cancel)
        : Entries(source, columns, cancel);

    private static IEnumerable<ListedUrl> Lines(CancellationToken cancel)
    {
        using StreamReader lines = new(Console.OpenStandardInput());
        while (lines.ReadLine() is { } line)
        {
            cancel.ThrowIfCancellationRequested();
            if (!string.IsNullOrWhiteSpace(line) && !line.StartsWith('#'))
                yield return ListedUrl.Of(line);
        }
    }

    private static IEnumerable<ListedUrl> Entries(string source, UrlColumns columns, CancellationToken cancel)
    {
        foreach (ListEntry entry in Checked(new ListReader(source, columns.IsKnown), columns, source).Entries(cancel))
        {
            yield return entry.Values is not { } values ? ListedUrl.Malformed(entry.Line)
            : entry.Names is { } names ? Entry(names, values, columns, entry.Line)
            : ListedUrl.Of(values[0]);
        }
    }

    private static IEnumerable<ListedUrl> Parquet(string source, UrlColumns columns, CancellationToken cancel)
    {
        IReadOnlyList<string> header = ParquetColumns(source, columns);
        using TableReader table = Table.Open(source, columns.Url);
        foreach (TableRow row in table.Rows(cancel))
            yield return Entry(header, row.Fields, columns, "");
    }

    private static ListedUrl Entry(IReadOnlyList<string> names, IReadOnlyList<string?> values, UrlColumns columns, string line)
    {
        string? url = null;
        bool any = false;
        Dictionary<string, string?> carried = new(StringComparer.Ordinal);
        for (int at = 0; at < names.Count; at++)
        {
            if (columns.IsUrl(names[at]))
            {
                any = true;
                url ??= values[at];
            }
            else if (columns.CarriedAs(names[at]) is { } name)
            {
                carried.TryAdd(name, values[at]);
            }
        }
        return any && (url is not null || line.Length == 0) ? ListedUrl.Of(url, carried) : ListedUrl.Malformed(line);
    }

    private static IReadOnlyList<string> ParquetColumns(string source, UrlColumns columns)
    {
        using TableReader table = Table.Open(source, columns.Url);
        return table.Header.Columns.Any(columns.IsUrl) ? table.Header.Columns : throw NoUrl(table.Header.Columns, columns, source);
    }

    // A plain list has no columns, and JSON may have addresses among its objects.
    private static ListReader Checked(ListReader list, UrlColumns columns, string source) =>
        list.Columns.Count == 0
        || list.Columns.Any(columns.IsUrl)
        || list.Entries(CancellationToken.None).Take(EntriesLookedAt).Any(entry => entry is { IsBroken: false, Names: null })
            ? list
            : throw NoUrl(list.Columns, columns, source);

    private static CrawlException NoUrl(IReadOnlyList<string> names, UrlColumns columns, string source) =>
        new(
            $"{source}: no column '{columns.Url}'; the columns are {string.Join(", ", names.Take(30))}; name the one that holds the addresses with Columns.Url, the one that holds files with PathColumn, or give the list a header line"
        )
        {
            Options = [$"Columns.{nameof(UrlColumns.Url)}", nameof(CrawlOptions.PathColumn)],
        };

    // What is read as a table, and not entry by entry.
    private static bool HasRows(string source) =>
        source.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) || TableFolder.Fits(source);
}
