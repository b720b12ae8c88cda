// RGB to files.

using SkiaSharp;

namespace DataFreeKD.Imaging;

/// <summary>Encodes images.</summary>
public static class ImageWriter
{
    /// <summary>A PNG of 8-bit RGB; equal pixels give equal bytes.</summary>
    /// <param name="image">What to write.</param>
    /// <param name="level">zlib's effort, 0 (none) to 9 (most).</param>
    public static unsafe byte[] EncodePng(RgbImage image, int level = 6)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, 9);
        byte[] rgbx = GC.AllocateUninitializedArray<byte>(checked(image.Width * image.Height * 4));
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = 0, at = 0; i < pixels.Length; i += 3, at += 4) (rgbx[at], rgbx[at + 1], rgbx[at + 2], rgbx[at + 3]) = (pixels[i], pixels[i + 1], pixels[i + 2], 255);
        fixed (byte* start = rgbx)
        {
            using var pixmap = new SKPixmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), (nint)start);
            using SKData data = pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, level)) ?? throw new InvalidOperationException($"the PNG encoder refused a {image.Width}x{image.Height} image");
            return data.ToArray();
        }
    }
}
