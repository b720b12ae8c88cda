// The catalogue of sources: a source is one file in this folder and one line here.

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Sources;

/// <summary>An image found by a source.</summary>
/// <param name="Image">Its origin and bytes, or why it could not be had.</param>
/// <param name="Row">The row of the table that named it; null elsewhere.</param>
internal sealed record FoundImage(ImageInput Image, TableRow? Row);

/// <summary>Opens what the user named by what it is.</summary>
internal static class CrawlSource
{
    /// <summary>Streams the images of one source, in a deterministic order.</summary>
    /// <param name="source">A table of paths, a Parquet file with images in it, else a folder, file, glob or archive.</param>
    /// <param name="options">How files are opened.</param>
    /// <param name="pathColumn">The tables' column of paths; null for the usual one.</param>
    /// <param name="cancel">Stops the stream.</param>
    public static IEnumerable<FoundImage> Open(string source, InputOptions options, string? pathColumn, CancellationToken cancel) =>
        !SourcePlan.IsTable(source) ? LocalSource.Read(source, options, cancel)
        : pathColumn is null && ParquetImages.Fits(source)
            ? EmbeddedImages.Read(source, options.MaxBytes, cancel).Select(row => new FoundImage(row.Image, row.Row))
        : TableSource.Read(source, options, pathColumn, cancel);
}
