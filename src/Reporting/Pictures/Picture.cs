// Images of the page: small, encoded, counted.

using DataFreeKD.Imaging;

namespace DataFreeKD.Reporting.Pictures;

/// <summary>An encoded image of the page.</summary>
/// <param name="Source">A <c>data:</c> address.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
internal sealed record Picture(string Source, int Width, int Height);

/// <summary>Encodes thumbnails until a budget of bytes is spent.</summary>
internal sealed class PictureBudget(long bytes)
{
    private const int Side = 128,
        Quality = 78;

    // Below this a lossy image is hardly smaller and visibly worse.
    private const int LosslessSide = 48;

    private long left = bytes;

    /// <summary>Images encoded.</summary>
    public int Count { get; private set; }

    /// <summary>Images left out since the budget was spent.</summary>
    public int LeftOut { get; private set; }

    /// <summary>A thumbnail, no side above 128 pixels; null when the budget is spent.</summary>
    public Picture? Thumbnail(RgbImage image)
    {
        int longest = Math.Max(image.Width, image.Height);
        int Scaled(int side) => Math.Max(1, (int)((long)side * Side / longest));
        return Encode(longest <= Side ? image : PilResize.Resize(image, Scaled(image.Width), Scaled(image.Height), Interpolation.Bicubic));
    }

    /// <summary>An attention map; null when the budget is spent.</summary>
    public Picture? Attention(AttentionView view) => Encode(AttentionOverlay.Draw(view, Math.Clamp(view.Seen.Width, 96, Side)));

    private Picture? Encode(RgbImage image)
    {
        byte[] encoded = ImageWriter.EncodeWebP(image, Quality, lossless: Math.Max(image.Width, image.Height) <= LosslessSide);
        if (encoded.Length > left)
        {
            left = 0;
            LeftOut++;
            return null;
        }
        left -= encoded.Length;
        Count++;
        return new Picture($"data:image/webp;base64,{Convert.ToBase64String(encoded)}", image.Width, image.Height);
    }
}
