// Painting: a painter gives a colour for each point of the square, the canvas samples and quantises it.

namespace DataFreeKD.ProceduralWorld;

/// <summary>A linear-free RGB colour, channels in [0, 1].</summary>
internal readonly record struct Rgb(double R, double G, double B)
{
    public static Rgb operator +(Rgb a, Rgb b) => new(a.R + b.R, a.G + b.G, a.B + b.B);

    public static Rgb operator *(Rgb a, double scale) => new(a.R * scale, a.G * scale, a.B * scale);

    /// <summary>From <paramref name="a"/> (0) to <paramref name="b"/> (1).</summary>
    public static Rgb Mix(Rgb a, Rgb b, double share) => (a * (1 - share)) + (b * share);

    /// <summary>From hue (turns), saturation and value.</summary>
    public static Rgb Hsv(double hue, double saturation, double value)
    {
        double Channel(double offset)
        {
            double k = (offset + ((hue - Math.Floor(hue)) * 6)) % 6;
            return value - (value * saturation * Math.Clamp(Math.Min(k, 4 - k), 0, 1));
        }
        return new(Channel(5), Channel(3), Channel(1));
    }
}

/// <summary>The colour at a point; x and y run over [-1, 1], y downwards.</summary>
internal delegate Rgb Painter(double x, double y);

/// <summary>Turns painters into pixels.</summary>
internal static class Canvas
{
    /// <summary>Side of every image, pixels.</summary>
    public const int Size = 32;

    private const int Samples = 2;

    /// <summary>Renders with 2×2 samples a pixel, then adds Gaussian sensor noise of standard deviation <paramref name="noise"/> (grey
    /// levels / 255).</summary>
    public static byte[] Render(Painter painter, Random random, double noise)
    {
        byte[] pixels = new byte[Size * Size * 3];
        for (int y = 0, at = 0; y < Size; y++)
        {
            for (int x = 0; x < Size; x++, at += 3)
            {
                Rgb sum = default;
                for (int sample = 0; sample < Samples * Samples; sample++)
                {
                    double u = x + (((sample % Samples) + 0.5) / Samples),
                        v = y + (((sample / Samples) + 0.5) / Samples);
                    sum += painter((2 * u / Size) - 1, (2 * v / Size) - 1);
                }
                sum *= 1.0 / (Samples * Samples);
                pixels[at] = Quantise(sum.R + (noise * random.Normal()));
                pixels[at + 1] = Quantise(sum.G + (noise * random.Normal()));
                pixels[at + 2] = Quantise(sum.B + (noise * random.Normal()));
            }
        }
        return pixels;
    }

    private static byte Quantise(double value) => (byte)Math.Clamp(Math.Round(value * 255), 0, 255);
}

/// <summary>Draws from one seed an image.</summary>
internal static class Randomness
{
    /// <summary>A generator of its own for item <paramref name="index"/> of <paramref name="stream"/>, so that counts can change without
    /// redrawing the rest.</summary>
    public static Random For(int seed, int stream, int index)
    {
        // SplitMix64's finaliser: neighbouring seeds must not give related streams.
        ulong z = ((ulong)(uint)seed << 32) ^ ((ulong)(uint)stream << 48) ^ (uint)index;
        z = (z + 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return new Random((int)(z >> 33));
    }

    public static double Range(this Random random, double low, double high) => low + ((high - low) * random.NextDouble());

    public static bool Chance(this Random random, double probability) => random.NextDouble() < probability;

    public static double Normal(this Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static T Pick<T>(this Random random, IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];
}
