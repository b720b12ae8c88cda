// Images of a hundred or so bytes, each of its own content.

using DataFreeKD.Imaging;

namespace DataFreeKD.CrawlWeb;

internal static class SmallImages
{
    private const int Width = 24,
        Height = 20;

    /// <summary>A JPEG or a PNG of noise from <paramref name="number"/>.</summary>
    public static byte[] Of(int number)
    {
        byte[] pixels = new byte[Width * Height * 3];
        new Random(number).NextBytes(pixels);
        RgbImage image = new(Width, Height, pixels);
        return number % 2 == 0 ? ImageWriter.EncodeJpeg(image, 80) : ImageWriter.EncodePng(image, 1);
    }
}
