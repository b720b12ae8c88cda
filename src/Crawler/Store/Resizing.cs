// The resize modes: where the pixels of the stored image come from.

using DataFreeKD.Imaging;

namespace DataFreeKD.Crawler.Store;

/// <summary>Brings images to a side.</summary>
internal static class Resizing
{
    private const byte White = 255;

    /// <summary>The resized image; the same object where its size need not change.</summary>
    public static RgbImage Apply(RgbImage image, int side, ResizeMode mode, bool onlyIfBigger)
    {
        int shorter = Math.Min(image.Width, image.Height),
            longer = Math.Max(image.Width, image.Height);
        int measured = mode is ResizeMode.KeepRatio or ResizeMode.Crop ? shorter : longer;
        if (mode == ResizeMode.No || (onlyIfBigger && measured <= side))
            return image;
        int width = Scaled(image.Width, side, measured),
            height = Scaled(image.Height, side, measured);
        if (mode == ResizeMode.Crop)
        {
            return (image.Width, image.Height) == (side, side)
                ? image
                : PilResize.ResizeAndCrop(image, width, height, (width - side) / 2, (height - side) / 2, side, side, Interpolation.Bicubic);
        }
        RgbImage resized =
            (width, height) == (image.Width, image.Height) ? image : PilResize.Resize(image, width, height, Interpolation.Bicubic);
        return mode == ResizeMode.Border ? Framed(resized, side) : resized;
    }

    // To the nearest pixel; a line of a panorama stays at least one pixel wide.
    private static int Scaled(int length, int side, int measured) =>
        checked((int)Math.Max(1, ((long)length * side * 2 + measured) / (2L * measured)));

    private static RgbImage Framed(RgbImage image, int side)
    {
        if ((image.Width, image.Height) == (side, side))
            return image;
        byte[] pixels = new byte[side * side * 3];
        pixels.AsSpan().Fill(White);
        int left = (side - image.Width) / 2,
            top = (side - image.Height) / 2,
            row = image.Width * 3;
        for (int y = 0; y < image.Height; y++)
            image.Pixels.AsSpan(y * row, row).CopyTo(pixels.AsSpan(((top + y) * side + left) * 3));
        return new RgbImage(side, side, pixels);
    }
}
