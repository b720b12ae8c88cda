// Lists of web addresses: txt, csv, tsv, json, jsonl and parquet files, also gzipped, and lines on standard input.

using System.IO.Compression;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Sources;

/// <summary>Streams URL lists; memory does not grow with their length (of a Parquet file it is one row group).</summary>
internal static class UrlList
{
    private const string StandardInput = "-";

    // JSON has no header: the objects this far in decide which keys become columns.
    private const int ObjectsLookedAt = 1000;

    /// <summary>Whether the source is a list of addresses; a table with a column <c>path</c> is one of files.</summary>
    /// <exception cref="TableException">A Parquet file that cannot be read.</exception>
    public static bool Fits(string source)
    {
        if (source == StandardInput) return true;
        if (!File.Exists(source)) return false;
        return Format(source) switch
        {
            ".CSV" => !DelimitedHeader(source).Contains("path"),
            ".PARQUET" => !ParquetHeader(source).Contains("path"),
            ".TXT" or ".TSV" or ".JSON" or ".JSONL" => true,
            _ => false,
        };
    }

    /// <summary>The columns that the list brings along and the store does not have.</summary>
    /// <exception cref="CrawlException">The list has no such column of addresses, or is no list.</exception>
    public static IReadOnlyList<string> CarriedColumns(string source, UrlColumns columns)
    {
        IEnumerable<string> names = Format(source) switch
        {
            ".CSV" or ".TSV" => WithUrl(DelimitedHeader(source), columns, source),
            ".PARQUET" => WithUrl(ParquetHeader(source), columns, source),
            ".JSON" or ".JSONL" => Read(source, columns, CancellationToken.None).Take(ObjectsLookedAt).SelectMany(listed => listed.Columns.Keys),
            _ => [],
        };
        return [.. names.Select(columns.CarriedAs).OfType<string>().Where(name => !Columns.Store.Contains(name)).Distinct()];
    }

    /// <summary>Every entry in the list's order; one that is malformed has no <see cref="ListedUrl.Url"/>. Empty lines, and in txt lines that start with #, are no entries.</summary>
    /// <exception cref="CrawlException">The list has no such column of addresses, or its JSON breaks off.</exception>
    /// <exception cref="TableException">A Parquet file that cannot be read.</exception>
    public static IEnumerable<ListedUrl> Read(string source, UrlColumns columns, CancellationToken cancel) => Format(source) switch
    {
        ".CSV" or ".TSV" => Delimited(source, columns, cancel),
        ".PARQUET" => Parquet(source, columns, cancel),
        ".JSON" => JsonList.ReadArray(() => OpenFile(source), source, columns, cancel),
        ".JSONL" => JsonList.ReadLines(() => OpenFile(source), columns, cancel),
        _ => Lines(source, cancel),
    };

    private static IEnumerable<ListedUrl> Lines(string source, CancellationToken cancel)
    {
        using Stream stream = source == StandardInput ? Console.OpenStandardInput() : OpenFile(source);
        foreach (string line in ListLines.Read(stream, cancel))
        {
            if (!string.IsNullOrWhiteSpace(line) && !line.StartsWith('#')) yield return ListedUrl.Of(line);
        }
    }

    private static IEnumerable<ListedUrl> Delimited(string source, UrlColumns columns, CancellationToken cancel)
    {
        using Stream stream = OpenFile(source);
        IReadOnlyList<string>? header = null;
        foreach ((IReadOnlyList<string>? fields, string line) in DelimitedList.Records(stream, Separator(source), cancel))
        {
            if (header is null) header = WithUrl(fields ?? [], columns, source);
            else if (fields is null) yield return ListedUrl.Malformed(line);
            else yield return Entry(header, fields, columns);
        }
    }

    private static IEnumerable<ListedUrl> Parquet(string source, UrlColumns columns, CancellationToken cancel)
    {
        using TableReader table = Table.Open(source);
        IReadOnlyList<string> header = WithUrl(table.Header.Columns, columns, source);
        foreach (TableRow row in table.Rows(cancel)) yield return Entry(header, row.Fields, columns);
    }

    private static ListedUrl Entry(IReadOnlyList<string> header, IReadOnlyList<string> fields, UrlColumns columns)
    {
        string? url = null;
        var carried = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (int at = 0; at < header.Count; at++)
        {
            if (columns.IsUrl(header[at])) url ??= fields[at];
            else if (columns.CarriedAs(header[at]) is { } name) carried.TryAdd(name, fields[at]);
        }
        return ListedUrl.Of(url, carried);
    }

    private static IReadOnlyList<string> WithUrl(IReadOnlyList<string> header, UrlColumns columns, string source) => header.Any(columns.IsUrl)
        ? header
        : throw new CrawlException($"{source}: no column '{columns.Url}'; the columns are {string.Join(", ", header.Take(30))}; name the one that holds the addresses, or give the list a header line");

    private static IReadOnlyList<string> DelimitedHeader(string source)
    {
        using Stream stream = OpenFile(source);
        return DelimitedList.Records(stream, Separator(source), CancellationToken.None).Select(record => record.Fields).FirstOrDefault() ?? [];
    }

    private static IReadOnlyList<string> ParquetHeader(string source)
    {
        using TableReader table = Table.Open(source);
        return table.Header.Columns;
    }

    private static char Separator(string source) => Format(source) == ".TSV" ? '\t' : ',';

    /// <summary>The extension in capitals, without that of gzip.</summary>
    private static string Format(string source)
    {
        string extension = Path.GetExtension(IsGzip(source) ? Path.GetFileNameWithoutExtension(source) : source).ToUpperInvariant();
        // A Parquet file is read out of order, and compresses by itself.
        return extension == ".PARQUET" && IsGzip(source) ? "" : extension;
    }

    private static Stream OpenFile(string source)
    {
        var file = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 64 << 10, FileOptions.SequentialScan);
        return IsGzip(source) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static bool IsGzip(string source) => source.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
}
