// What is stored of a fetched image: its own bytes without metadata, or another size or format of it.

using DataFreeKD.Imaging;

namespace DataFreeKD.Crawler.Store;

/// <summary>A file for the store.</summary>
/// <param name="Bytes">The file.</param>
/// <param name="Format"><c>jpeg</c>, <c>png</c>, <c>webp</c>, <c>gif</c> or <c>bmp</c>.</param>
/// <param name="Width">Of the upright image, pixels.</param>
/// <param name="Height">Of the upright image, pixels.</param>
/// <param name="Pixels">Its upright pixels (before encoding, where it was encoded again; perhaps a reduced copy, where it was not).</param>
internal sealed record StoredBytes(byte[] Bytes, string Format, int Width, int Height, RgbImage Pixels);

/// <summary>Applies <see cref="ReencodeOptions"/>.</summary>
internal static class Reencode
{
    private const int LargestWebPSide = 16_383,
        LargestJpegSide = 65_500;

    /// <summary>The bytes to store. Pure: equal input gives equal bytes.</summary>
    /// <param name="original">The fetched file.</param>
    /// <param name="format">Its format by content.</param>
    /// <param name="decoded">Its upright pixels.</param>
    /// <param name="options">Size, format, metadata.</param>
    public static StoredBytes Apply(byte[] original, string format, RgbImage decoded, ReencodeOptions options)
    {
        RgbImage image = options.Side is { } side ? Resizing.Apply(decoded, side, options.Mode, options.OnlyIfBigger) : decoded;
        string wanted = Wanted(format, options.Format);
        bool untouched = ReferenceEquals(image, decoded) && (options.Format == EncodeFormat.Original || wanted == format);
        if (untouched)
            return Keep(original, format, image.Width, image.Height, image, options);

        // A picture too large for the wanted format is rather stored in another than lost.
        string target =
            Math.Max(image.Width, image.Height)
            > (
                wanted switch
                {
                    "webp" => LargestWebPSide,
                    "jpeg" => LargestJpegSide,
                    _ => int.MaxValue,
                }
            )
                ? "png"
                : wanted;
        byte[] bytes = target switch
        {
            "jpeg" => ImageWriter.EncodeJpeg(image, options.Quality),
            "webp" => ImageWriter.EncodeWebP(image, options.Quality, lossless: options.Quality == 100),
            _ => ImageWriter.EncodePng(image),
        };
        return new StoredBytes(bytes, target, image.Width, image.Height, image);
    }

    /// <summary>The file as it is, but for its metadata.</summary>
    /// <param name="original">The fetched file.</param>
    /// <param name="format">Its format by content.</param>
    /// <param name="width">Of the upright image, pixels.</param>
    /// <param name="height">Of the upright image, pixels.</param>
    /// <param name="pixels">Its upright pixels, perhaps fewer of them.</param>
    /// <param name="options">Whether metadata stays.</param>
    public static StoredBytes Keep(byte[] original, string format, int width, int height, RgbImage pixels, ReencodeOptions options) =>
        new(options.KeepMetadata ? original : ImageMetadata.Strip(original, format), format, width, height, pixels);

    private static string Wanted(string format, EncodeFormat wanted) =>
        wanted switch
        {
            EncodeFormat.Jpeg => "jpeg",
            EncodeFormat.Webp => "webp",
            EncodeFormat.Png => "png",
            _ => format is "jpeg" or "webp" ? format : "png",
        };
}
