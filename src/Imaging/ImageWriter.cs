// RGB to files.

using DataFreeKD.Imaging.Formats;
using SkiaSharp;

namespace DataFreeKD.Imaging;

/// <summary>Encodes images.</summary>
internal static class ImageWriter
{
    /// <summary>A PNG of 8-bit RGB; equal pixels give equal bytes.</summary>
    /// <param name="image">What to write.</param>
    /// <param name="level">zlib's effort, 0 (none) to 9 (most).</param>
    public static byte[] EncodePng(RgbImage image, int level = 6)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, 9);
        return Encode(image, "PNG", pixmap => pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, level)));
    }

    /// <summary>A baseline JPEG with halved chroma (4:2:0), as cameras and PIL write by default. By libjpeg-turbo where the machine has it,
    /// else by Skia, whose files decode to the same pixels and are a few per cent smaller.</summary>
    /// <param name="image">What to write; no side above 65,500 pixels.</param>
    /// <param name="quality">1 (smallest) to 100.</param>
    /// <exception cref="InvalidOperationException">The format cannot hold the size.</exception>
    public static byte[] EncodeJpeg(RgbImage image, int quality)
    {
        CheckQuality(image, quality);
        return TurboJpeg.Encode(image, quality)
            ?? Encode(image, "JPEG", pixmap =>
                pixmap.Encode(new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore))
            );
    }

    /// <summary>A WebP.</summary>
    /// <param name="image">What to write; no side above 16,383 pixels.</param>
    /// <param name="quality">1 to 100: of the picture where it is lossy, of the search for few bytes where it is lossless.</param>
    /// <param name="lossless">Keeps every pixel.</param>
    /// <exception cref="InvalidOperationException">The format cannot hold the size.</exception>
    public static byte[] EncodeWebP(RgbImage image, int quality, bool lossless)
    {
        CheckQuality(image, quality);
        return Encode(image, "WebP", pixmap =>
            pixmap.Encode(new SKWebpEncoderOptions(lossless ? SKWebpEncoderCompression.Lossless : SKWebpEncoderCompression.Lossy, quality))
        );
    }

    private static void CheckQuality(RgbImage image, int quality)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
    }

    private static unsafe byte[] Encode(RgbImage image, string format, Func<SKPixmap, SKData?> encode)
    {
        byte[] rgbx = GC.AllocateUninitializedArray<byte>(checked(image.Width * image.Height * 4));
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = 0, at = 0; i < pixels.Length; i += 3, at += 4)
            (rgbx[at], rgbx[at + 1], rgbx[at + 2], rgbx[at + 3]) = (pixels[i], pixels[i + 1], pixels[i + 2], 255);
        fixed (byte* start = rgbx)
        {
            using SKPixmap pixmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), (nint)start);
            using SKData data = encode(pixmap)
                ?? throw new InvalidOperationException($"the {format} encoder refused a {image.Width}x{image.Height} image");
            return data.ToArray();
        }
    }
}
