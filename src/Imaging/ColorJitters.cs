// Brightness, contrast and saturation in 16.16 fixed point.

namespace DataFreeKD.Imaging;

/// <summary>Blends with black, with the mean grey, and with each pixel's own grey, as PIL's ImageEnhance does; integers only, so that
/// results are the same everywhere.</summary>
internal static class ColorJitters
{
    private const int One = 1 << 16;

    /// <summary>Draws three factors in [max(0, 1 − strength), 1 + strength] and applies brightness, contrast, saturation in that
    /// order.</summary>
    public static void Apply(Span<byte> pixels, double strength, ref SeededRandom random)
    {
        int brightness = Factor(strength, ref random),
            contrast = Factor(strength, ref random),
            saturation = Factor(strength, ref random);
        Span<byte> table = stackalloc byte[256];
        for (int i = 0; i < 256; i++)
            table[i] = Blend(0, i, brightness);
        long grey = 0;
        for (int i = 0; i < pixels.Length; i += 3)
            grey += Grey(table[pixels[i]], table[pixels[i + 1]], table[pixels[i + 2]]);
        int count = pixels.Length / 3;
        int mean = (int)((grey + count / 2) / count);
        for (int i = 0; i < 256; i++)
            table[i] = Blend(mean, table[i], contrast);
        for (int i = 0; i < pixels.Length; i += 3)
        {
            int red = table[pixels[i]],
                green = table[pixels[i + 1]],
                blue = table[pixels[i + 2]];
            int own = Grey(red, green, blue);
            pixels[i] = Blend(own, red, saturation);
            pixels[i + 1] = Blend(own, green, saturation);
            pixels[i + 2] = Blend(own, blue, saturation);
        }
    }

    private static int Factor(double strength, ref SeededRandom random) =>
        (int)(random.Between(Math.Max(0, 1 - strength), 1 + strength) * One);

    private static byte Blend(int from, int to, int factor) =>
        (byte)Math.Clamp((int)(from + (((long)(to - from) * factor + One / 2) >> 16)), 0, 255);

    // ITU-R 601 luma, as PIL's convert("L").
    private static int Grey(int red, int green, int blue) => (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}
