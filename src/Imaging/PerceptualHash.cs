// 64-bit hashes that stay close when an image is re-encoded or resized.

using System.Globalization;
using System.Numerics;

namespace DataFreeKD.Imaging;

/// <summary>pHash: the signs of the lowest frequencies of a small grey copy. Equal pixels give equal hashes on every machine.</summary>
internal static class PerceptualHash
{
    /// <summary>The hash of a reduced copy whose sides are at least this long is (nearly) that of the image, pixels.</summary>
    public const int LeastSide = 2 * Side;

    private const int Side = 32,
        Kept = 8;

    // Rows 0..7 of the 32-point DCT-II in integers, so that no machine's arithmetic decides a bit.
    private static readonly int[] Cosines = MakeCosines();

    /// <summary>The hash: 32×32 grey copy, two-dimensional DCT-II, its 8×8 lowest coefficients against their median (Zauner, 2010,
    /// "Implementation and Benchmarking of Perceptual Image Hash Functions"). The constant term is 0 there, so that brightness does not
    /// count.</summary>
    public static ulong Compute(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        RgbImage small = PilResize.Resize(image, Side, Side, Interpolation.Bilinear);
        Span<long> grey = stackalloc long[Side * Side];
        for (int i = 0; i < grey.Length; i++)
            grey[i] = (small.Pixels[3 * i] * 19595 + small.Pixels[3 * i + 1] * 38470 + small.Pixels[3 * i + 2] * 7471 + 0x8000) >> 16;

        Span<long> rows = stackalloc long[Side * Kept];
        for (int y = 0; y < Side; y++)
        {
            for (int u = 0; u < Kept; u++)
            {
                long sum = 0;
                for (int x = 0; x < Side; x++)
                    sum += grey[y * Side + x] * Cosines[u * Side + x];
                rows[y * Kept + u] = sum;
            }
        }
        Span<long> low = stackalloc long[Kept * Kept];
        for (int v = 0; v < Kept; v++)
        {
            for (int u = 0; u < Kept; u++)
            {
                long sum = 0;
                for (int y = 0; y < Side; y++)
                    sum += rows[y * Kept + u] * Cosines[v * Side + y];
                low[v * Kept + u] = sum;
            }
        }
        low[0] = 0;
        Span<long> sorted = stackalloc long[Kept * Kept];
        low.CopyTo(sorted);
        sorted.Sort();
        long median = sorted[Kept * Kept / 2];
        ulong hash = 0;
        for (int i = 0; i < low.Length; i++)
            hash |= (low[i] >= median && low[i] != 0 ? 1UL : 0) << (63 - i);
        return hash;
    }

    /// <summary>Bits that differ, 0–64. Re-encoded copies are typically within 6, unrelated photographs near 32.</summary>
    public static int Distance(ulong a, ulong b) => BitOperations.PopCount(a ^ b);

    /// <summary>Sixteen lower-case hexadecimal digits.</summary>
    public static string Format(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);

    // cos(πk/64) · 2^12 to the nearest integer; the rounding removes the last-bit differences between math libraries.
    private static int[] MakeCosines()
    {
        int[] table = new int[Kept * Side];
        for (int u = 0; u < Kept; u++)
        {
            for (int x = 0; x < Side; x++)
                table[u * Side + x] = (int)Math.Round(Math.Cos(Math.PI / (2 * Side) * ((2 * x + 1) * u)) * 4096);
        }
        return table;
    }
}
