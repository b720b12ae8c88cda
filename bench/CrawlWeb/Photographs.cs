// Images of a photograph's size and detail, each with pixels of its own, at the cost of a copy.

using DataFreeKD.Imaging;

namespace DataFreeKD.CrawlWeb;

/// <summary>A few encoded images; each number gets one of them with a quantisation table of its own (ITU-T T.81, B.2.4.1), which changes
/// the decoded pixels.</summary>
internal sealed class Photographs(int seed)
{
    private const int Width = 640,
        Height = 480,
        Bases = 32,
        Quality = 85,
        Steps = 64;

    private readonly byte[][] bases =
    [
        .. Enumerable.Range(0, Bases).Select(i => ImageWriter.EncodeJpeg(Scene(new Random(seed * Bases + i)), Quality)),
    ];

    public byte[] Of(int number)
    {
        byte[] file = [.. bases[number % Bases]];
        // Marker, length, precision and identifier come before the 64 steps; the first is left alone, as it is seen most.
        int table = file.AsSpan().IndexOf([(byte)0xff, (byte)0xdb]) + 5,
            variant = number / Bases;
        for (int place = 1; variant > 0; place++, variant /= 3)
            file[table + place % Steps] += (byte)(variant % 3);
        return file;
    }

    // Soft waves with some grain: about as hard to decode and as large as a photograph.
    private static RgbImage Scene(Random random)
    {
        byte[] pixels = new byte[Width * Height * 3];
        double[] waves = [.. Enumerable.Range(0, 18).Select(_ => random.NextDouble())];
        for (int y = 0, at = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                int grain = random.Next(-10, 11);
                for (int c = 0; c < 3; c++, at++)
                {
                    double value =
                        128
                        + 55 * Math.Sin(waves[c] * 0.05 * x + 6 * waves[c + 3])
                        + 55 * Math.Sin(waves[c + 6] * 0.05 * y + waves[c + 9] * 0.02 * x + 6 * waves[c + 12]);
                    pixels[at] = (byte)Math.Clamp(value + grain, 0, 255);
                }
            }
        }
        return new RgbImage(Width, Height, pixels);
    }
}
