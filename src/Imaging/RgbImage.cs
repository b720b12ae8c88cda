// The one image type: 8-bit RGB, rows top to bottom, no padding.

namespace DataFreeKD.Imaging;

/// <summary>An 8-bit RGB image, <c>Pixels</c> is <c>[Height, Width, 3]</c> row-major.</summary>
public sealed class RgbImage
{
    /// <summary>Wraps pixels; their length must be <c>width * height * 3</c>.</summary>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.Length != checked(width * height * 3))
            throw new ArgumentException($"{pixels.Length} bytes for {width}x{height} RGB", nameof(pixels));
        (Width, Height, Pixels) = (width, height, pixels);
    }

    /// <summary>Pixels across.</summary>
    public int Width { get; }

    /// <summary>Pixels down.</summary>
    public int Height { get; }

    /// <summary>The bytes, <c>[Height, Width, 3]</c>.</summary>
    public byte[] Pixels { get; }
}
