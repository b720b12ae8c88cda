// The images within a Parquet file as inputs, in the order of its rows.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Streams the images that a table holds itself (<see cref="ParquetImages"/>).</summary>
internal static class EmbeddedImages
{
    /// <summary>Every row; its image goes by the file's name and the row's number, from 0 (<c>FILE.parquet::N</c>).</summary>
    /// <param name="table">A file for which <see cref="ParquetImages.Fits"/> holds.</param>
    /// <param name="maxBytes">Bytes of an image at most; a larger one is a reason.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="TableException">The file is damaged.</exception>
    public static IEnumerable<(ImageInput Image, TableRow Row)> Read(string table, long maxBytes, CancellationToken cancel = default)
    {
        string path = Path.GetFullPath(table);
        long number = 0;
        foreach (EmbeddedImage image in ParquetImages.Read(table, cancel))
        {
            Content content = Of(image.Bytes, maxBytes);
            yield return (
                new ImageInput(
                    string.Create(CultureInfo.InvariantCulture, $"{path}{ManifestPath.MemberSeparator}{number++}"),
                    content.Bytes,
                    content.Reason
                ),
                image.Row
            );
        }
    }

    /// <summary>An image's bytes as an input's content, or why they are none.</summary>
    internal static Content Of(byte[]? bytes, long maxBytes) =>
        bytes is null ? new Content(null, Reason.NotFound)
        : bytes.Length == 0 ? new Content(null, Reason.Empty)
        : bytes.LongLength > maxBytes ? new Content(null, Reason.TooLarge)
        : new Content(bytes, null);
}
