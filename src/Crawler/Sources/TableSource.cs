// Images named by a table with a path column (a manifest, a scores table, any CSV or list).

using System.Globalization;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Sources;

internal static class TableSource
{
    /// <summary>The columns that the store does not have and carries through.</summary>
    public static IEnumerable<string> CarriedColumns(string source, string? pathColumn)
    {
        using TableReader reader = Table.Open(source, pathColumn);
        bool embedded = pathColumn is null && ParquetImages.Fits(source);
        int path = embedded ? -1 : reader.Header.Require("path");
        return
        [
            .. reader.Header.Columns.Where((column, at) => at != path && !Columns.Store.Contains(column, StringComparer.OrdinalIgnoreCase)),
        ];
    }

    public static IEnumerable<FoundImage> Read(string source, InputOptions options, string? pathColumn, CancellationToken cancel)
    {
        // Rows and paths are walked side by side: archives are then read in streaming passes.
        using TableReader rows = Table.Open(source, pathColumn);
        using TableReader paths = Table.Open(source, pathColumn);
        IEnumerable<ImageInput> images = ImageInputs.Read(paths.UsablePaths(cancel), options, cancel);
        long pathless = 0;
        foreach ((TableRow row, ImageInput image) in rows.Rows(cancel).Where(Usable).Zip(images))
            yield return new FoundImage(image, row);
        if (pathless > 0)
            TableNotes.Tell(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{source}: {pathless} {(pathless == 1 ? "row has no path and is" : "rows have no path and are")} left out"
                )
            );

        bool Usable(TableRow row)
        {
            if (string.IsNullOrEmpty(row["path"]))
                pathless++;
            return row.IsUsable;
        }
    }
}
