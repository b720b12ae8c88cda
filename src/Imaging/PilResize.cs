// Resizing as PIL does it: separable, antialiased, 8-bit fixed point, bit-exact.

namespace DataFreeKD.Imaging;

/// <summary>PIL's resampling filters.</summary>
public enum Interpolation
{
    /// <summary>Triangle filter.</summary>
    Bilinear,

    /// <summary>Catmull-Rom-like cubic, a = -0.5.</summary>
    Bicubic,
}

/// <summary>PIL's <c>Image.resize</c> for 8-bit RGB.</summary>
public static class PilResize
{
    /// <summary>Resizes to exactly <paramref name="width"/> × <paramref name="height"/>.</summary>
    public static RgbImage Resize(RgbImage image, int width, int height, Interpolation interpolation) => throw new NotImplementedException();
}
