// What a file tells beside its pixels (where, when, by whom), taken out without decoding and encoding again.

using DataFreeKD.Imaging.Formats;

namespace DataFreeKD.Imaging;

/// <summary>Strips metadata from files.</summary>
internal static class ImageMetadata
{
    /// <summary>
    /// Removes EXIF (GPS too), XMP, IPTC, comments, previews, unknown blocks and bytes after the image's end from a JPEG, PNG or WebP. What
    /// its pixels need stays as it is,
    /// colour profiles too; an orientation other than upright stays as an EXIF block with that tag alone. Other formats come back as they
    /// are.
    /// </summary>
    /// <param name="file">A file that <see cref="ImageDecoder"/> decodes; it decodes to the same pixels afterwards.</param>
    /// <param name="format">Its <see cref="DecodeResult.Format"/>.</param>
    public static byte[] Strip(byte[] file, string format)
    {
        ArgumentNullException.ThrowIfNull(file);
        return format switch
        {
            "jpeg" => JpegMetadata.Strip(file, SkiaDecoder.Orientation(file)),
            "png" => PngMetadata.Strip(file, PngChunk.Orientation(file)),
            "webp" => WebPMetadata.Strip(file, SkiaDecoder.Orientation(file)),
            _ => file,
        };
    }
}
