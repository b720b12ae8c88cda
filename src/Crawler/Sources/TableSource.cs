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
        reader.Header.Require("path");
        return [.. reader.Header.Columns.Where(column => !Columns.Store.Contains(column))];
    }

    public static IEnumerable<FoundImage> Read(string source, long maxBytes, CancellationToken cancel)
    {
        // Rows and paths are walked side by side: archives are then read in streaming passes.
        using TableReader rows = Table.Open(source);
        using TableReader paths = Table.Open(source);
        IEnumerable<ImageInput> images = ImageInputs.Read(paths.Rows(cancel).Where(row => row.IsUsable).Select(row => ManifestPath.FromTable(row["path"]!, source)), maxBytes, cancel);
        foreach ((TableRow row, ImageInput image) in rows.Rows(cancel).Where(row => row.IsUsable).Zip(images)) yield return new FoundImage(image, row);
    }
}
