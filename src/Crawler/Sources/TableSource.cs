// Images named by a table with a path column (a manifest, a scores table, any CSV).

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Sources;

internal static class TableSource
{
    /// <summary>The columns that the store does not have and carries through.</summary>
    public static IEnumerable<string> CarriedColumns(string source)
    {
        using TableReader reader = Table.Open(source);
        if (reader.Header.IndexOf("path") < 0) throw new CrawlException($"{source}: no column 'path'; the columns are {string.Join(", ", reader.Header.Columns)}");
        return [.. reader.Header.Columns.Where(column => !Columns.Store.Contains(column))];
    }

    public static IEnumerable<FoundImage> Read(string source, long maxBytes, CancellationToken cancel)
    {
        // Rows and paths are walked side by side: archives are then read in streaming passes.
        using TableReader rows = Table.Open(source);
        using TableReader paths = Table.Open(source);
        IEnumerable<ImageInput> images = ImageInputs.Read(paths.Rows(cancel).Where(Usable).Select(row => ManifestPath.FromTable(row["path"]!, source)), maxBytes, cancel);
        foreach ((TableRow row, ImageInput image) in rows.Rows(cancel).Where(Usable).Zip(images)) yield return new FoundImage(image, row);
    }

    private static bool Usable(TableRow row) => !string.IsNullOrEmpty(row["path"]) && row["status"] is null or "" or Status.Ok;
}
