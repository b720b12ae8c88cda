// What the user named, told apart: the web's and this machine's, with folders and globs of lists as the lists in them.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Folders;
using DataFreeKD.Manifests.Lists;
using DataFreeKD.Storage;

namespace DataFreeKD.Crawler.Sources;

/// <summary>The sources of a crawl.</summary>
/// <param name="Local">Folders, files, globs, archives; tables of paths; Parquet files with images in them.</param>
/// <param name="Web">Addresses, buckets and lists of addresses.</param>
internal sealed record SourcePlan(IReadOnlyList<string> Local, IReadOnlyList<string> Web)
{
    // Enough to tell a list of paths from one of addresses.
    private const int EntriesLookedAt = 100;

    /// <summary>Tells the sources apart.</summary>
    /// <exception cref="TableException">A list that cannot be read.</exception>
    public static SourcePlan Of(CrawlOptions options)
    {
        string[] all = [.. options.Sources.SelectMany(source => IsWeb(source) ? [source] : ImageInputs.AllOf(source, IsList) ?? [source])];
        ILookup<bool, string> web = all.ToLookup(source => IsWeb(source) || (Table.Fits(source) && IsOfAddresses(source, options)));
        return new SourcePlan([.. web[false]], [.. web[true]]);
    }

    /// <summary>Whether a local source is a table of paths.</summary>
    public static bool IsTable(string source) => Table.Fits(source);

    private static bool IsWeb(string source) => source == UrlList.StandardInput || WebSources.IsAddress(source) || BucketName.Fits(source);

    private static bool IsList(string path) => Table.Fits(path);

    // The very name decides first, then what others call it.
    private static bool IsOfAddresses(string source, CrawlOptions options)
    {
        if (options.PathColumn is not null || ParquetImages.Fits(source))
            return false;
        UrlColumns columns = options.Web.Columns;
        IReadOnlyList<string> names = Names(source, columns, out ListReader? list);
        if (names.Count == 0)
            return list is null || IsOfAddresses(list, source);
        bool url = names.Any(columns.IsUrl);
        if (ColumnNames.Exactly(names, "path") >= 0)
            return url && columns.Url != new UrlColumns().Url;
        if (url || ColumnNames.FindAlias(names) >= 0)
            return url;
        // What it holds may be files all the same.
        using TableReader table = Table.Open(source);
        return table.Header.IndexOf("path") < 0;
    }

    private static IReadOnlyList<string> Names(string source, UrlColumns columns, out ListReader? list)
    {
        list = null;
        if (!source.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) && !TableFolder.Fits(source))
            return (list = new ListReader(source, columns.IsKnown)).Columns;
        using TableReader table = Table.Open(source, columns.Url);
        return table.Header.Columns;
    }

    // A plain list is of addresses, unless none of its first entries is one, and one of them is a file or is called as an image is.
    private static bool IsOfAddresses(ListReader list, string source)
    {
        string[] first =
        [
            .. list.Entries(CancellationToken.None)
                .Take(EntriesLookedAt)
                .Where(entry => entry is { IsBroken: false, Names: null })
                .Select(entry => entry.Values![0] ?? ""),
        ];
        return first.Length == 0
            || first.Any(entry => WebAddress.Parse(entry) is not null)
            || !first.Any(entry => entry.Trim().Length > 0 && IsFile(entry.Trim(), source));
    }

    private static bool IsFile(string entry, string source) =>
        (Path.HasExtension(entry) && ImageInputs.MayBeImage(entry))
        || File.Exists(ManifestPath.SplitMember(ManifestPath.FromTable(entry, source)).File);
}
