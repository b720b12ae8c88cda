// A 64-bit fingerprint that survives re-encoding and resizing.

namespace DataFreeKD.Imaging;

/// <summary>Difference hash: each bit says whether a pixel of the 9 × 8 grey thumbnail is brighter than its left neighbour. Near duplicates differ in few bits.</summary>
public static class PerceptualHash
{
    /// <summary>The hash; bit 63 is the top left comparison.</summary>
    public static ulong Of(RgbImage image)
    {
        byte[] pixels = PilResize.Resize(image, 9, 8, Interpolation.Bilinear).Pixels;
        ulong hash = 0;
        for (int row = 0; row < 8; row++)
        {
            for (int column = 0; column < 8; column++)
            {
                int at = (row * 9 + column) * 3;
                hash = hash << 1 | (Grey(pixels, at + 3) > Grey(pixels, at) ? 1UL : 0);
            }
        }
        return hash;
    }

    // ITU-R 601 luma in fixed point.
    private static int Grey(byte[] pixels, int at) => 19595 * pixels[at] + 38470 * pixels[at + 1] + 7471 * pixels[at + 2];
}
