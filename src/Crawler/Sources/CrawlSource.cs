// The catalogue of sources: a source is one file in this folder and one line here.

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Sources;

/// <summary>An image found by a source.</summary>
/// <param name="Image">Its origin and bytes, or why it could not be had.</param>
/// <param name="Row">The row of the table that named it; null elsewhere.</param>
public sealed record FoundImage(ImageInput Image, TableRow? Row);

/// <summary>Opens what the user named by what it is.</summary>
public static class CrawlSource
{
    /// <summary>Streams the images of one source, in a deterministic order.</summary>
    /// <param name="source">A table (.csv, .parquet), else a folder, file, glob or archive.</param>
    /// <param name="maxBytes">Files larger than this are named, not read.</param>
    /// <param name="cancel">Stops the stream.</param>
    public static IEnumerable<FoundImage> Open(string source, long maxBytes, CancellationToken cancel) =>
        Table.Fits(source) ? TableSource.Read(source, maxBytes, cancel) : LocalSource.Read(source, maxBytes, cancel);
}
