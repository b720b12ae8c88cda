// Images for calibration and for checks: of a table, a folder or an archive.

using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Cli.Exporting;

/// <summary>Finds, reads and decodes images.</summary>
internal static class ImageList
{
    /// <summary>At most <paramref name="most"/> of a source's images, evenly spread over it, in its order. Rows of a table that are not ok
    /// are left out.</summary>
    /// <exception cref="UsageException">A source without images.</exception>
    /// <exception cref="TableException">A table without paths.</exception>
    public static IReadOnlyList<string> Of(string source, int most, CancellationToken cancel)
    {
        List<string> all =
        [
            .. Table.Fits(source) && !ParquetImages.Fits(source) ? Rows(source, cancel) : ImageInputs.Paths(source, cancel: cancel),
        ];
        if (all.Count == 0)
            throw new UsageException($"{source}: no usable image in it");
        return all.Count <= most ? all : [.. Enumerable.Range(0, most).Select(i => all[(int)((long)i * all.Count / most)])];
    }

    /// <summary>Those that can be decoded, in order.</summary>
    public static IEnumerable<RgbImage> Decoded(IEnumerable<string> paths, int threads, CancellationToken cancel) =>
        ImageInputs
            .Read(paths, cancel: cancel)
            .Where(input => input.Bytes is not null)
            .Chunk(4 * threads)
            .SelectMany(chunk =>
                chunk
                    .AsParallel()
                    .AsOrdered()
                    .WithDegreeOfParallelism(threads)
                    .WithCancellation(cancel)
                    .Select(input => ImageDecoder.Decode(input.Bytes!, DecodeLimits.Local).Image)
                    .ToArray()
            )
            .OfType<RgbImage>();

    private static IEnumerable<string> Rows(string table, CancellationToken cancel)
    {
        using TableReader reader = Table.Open(table);
        reader.Header.Require("path");
        foreach (TableRow row in reader.Rows(cancel).Where(row => row.IsUsable))
            yield return ManifestPath.FromTable(row["path"]!, table);
    }
}
