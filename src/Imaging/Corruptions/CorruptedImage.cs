// Corrupted copies of images: negatives that need no labels.

using DataFreeKD.Imaging.Sheets;

namespace DataFreeKD.Imaging.Corruptions;

/// <summary>Makes them. The same image, kind and seed give the same pixels on every machine.</summary>
internal static class CorruptedImage
{
    private const int Grid = 4;

    /// <summary>A corrupted copy, of the image's size.</summary>
    /// <param name="image">The image; it stays as it is.</param>
    /// <param name="kind">What to do.</param>
    /// <param name="seed">Any number.</param>
    public static RgbImage Of(RgbImage image, Corruption kind, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(image);
        SeededRandom random = new(seed);
        return kind switch
        {
            Corruption.Shuffled => Cells(image, Permutation(Grid * Grid, ref random)),
            Corruption.Tiled => Cells(image, [.. Enumerable.Repeat(random.Below(Grid * Grid), Grid * Grid)]),
            Corruption.Scrambled => Scrambled(image, ref random),
            Corruption.Blurred => Blurred(image, 2 + random.Below(3)),
            Corruption.Faded => Mixed(image, Mean(image), 0.1),
            Corruption.Noisy => Noisy(image, ref random),
            Corruption.Noise => Noise(image, ref random),
            Corruption.Solid => Painted(image, (_, _) => 0, Mean(image), Mean(image)),
            Corruption.Gradient => Gradient(image, ref random),
            Corruption.Checker => Checker(image, ref random),
            Corruption.Text => Text(image, ref random),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    // Cell i of the copy is cell from[i] of the image; cells at the right and bottom take what does not divide, and repeat their last
    // pixels where they are larger than their source.
    private static RgbImage Cells(RgbImage image, int[] from)
    {
        byte[] pixels = new byte[image.Pixels.Length];
        int[] columns = Edges(image.Width),
            rows = Edges(image.Height);
        for (int cell = 0; cell < from.Length; cell++)
        {
            (int x, int y) = (cell % Grid, cell / Grid);
            (int fromX, int fromY) = (from[cell] % Grid, from[cell] / Grid);
            for (int row = rows[y]; row < rows[y + 1]; row++)
            {
                int sourceRow = Math.Min(rows[fromY] + row - rows[y], Math.Max(rows[fromY], rows[fromY + 1] - 1));
                for (int column = columns[x]; column < columns[x + 1]; column++)
                {
                    int sourceColumn = Math.Min(columns[fromX] + column - columns[x], Math.Max(columns[fromX], columns[fromX + 1] - 1));
                    image
                        .Pixels.AsSpan(
                            (Math.Min(sourceRow, image.Height - 1) * image.Width + Math.Min(sourceColumn, image.Width - 1)) * 3,
                            3
                        )
                        .CopyTo(pixels.AsSpan((row * image.Width + column) * 3));
                }
            }
        }
        return new RgbImage(image.Width, image.Height, pixels);

        static int[] Edges(int side) => [.. Enumerable.Range(0, Grid + 1).Select(i => i * side / Grid)];
    }

    private static RgbImage Scrambled(RgbImage image, ref SeededRandom random)
    {
        int[] from = Permutation(image.Width * image.Height, ref random);
        byte[] pixels = new byte[image.Pixels.Length];
        for (int at = 0; at < from.Length; at++)
            image.Pixels.AsSpan(from[at] * 3, 3).CopyTo(pixels.AsSpan(at * 3));
        return new RgbImage(image.Width, image.Height, pixels);
    }

    private static RgbImage Blurred(RgbImage image, int side)
    {
        RgbImage small = PilResize.Resize(image, Math.Min(side, image.Width), Math.Min(side, image.Height), Interpolation.Bilinear);
        return PilResize.Resize(small, image.Width, image.Height, Interpolation.Bicubic);
    }

    private static RgbImage Noisy(RgbImage image, ref SeededRandom random)
    {
        byte[] pixels = new byte[image.Pixels.Length];
        for (int at = 0; at < pixels.Length; at++)
        {
            // The sum of four uniform draws is near enough to Gaussian, and the same everywhere; its deviation is 100 grey levels.
            double draw = (random.NextDouble() + random.NextDouble() + random.NextDouble() + random.NextDouble() - 2) * 173;
            pixels[at] = Level((0.3 * image.Pixels[at]) + 90 + draw);
        }
        return new RgbImage(image.Width, image.Height, pixels);
    }

    private static RgbImage Noise(RgbImage image, ref SeededRandom random)
    {
        byte[] pixels = new byte[image.Pixels.Length];
        for (int at = 0; at < pixels.Length; at++)
            pixels[at] = (byte)random.Below(256);
        return new RgbImage(image.Width, image.Height, pixels);
    }

    private static RgbImage Gradient(RgbImage image, ref SeededRandom random)
    {
        (byte[] one, byte[] other) = (AnyColour(image, ref random), AnyColour(image, ref random));
        (double across, double down) = (random.NextDouble(), random.NextDouble());
        double length = Math.Max(1e-9, (across * (image.Width - 1)) + (down * (image.Height - 1)));
        return Painted(image, (x, y) => ((across * x) + (down * y)) / length, one, other);
    }

    private static RgbImage Checker(RgbImage image, ref SeededRandom random)
    {
        (byte[] one, byte[] other) = (AnyColour(image, ref random), AnyColour(image, ref random));
        int side = Math.Max(1, Math.Max(image.Width, image.Height) / (2 << random.Below(4)));
        return Painted(image, (x, y) => ((x / side) + (y / side)) & 1, one, other);
    }

    private static RgbImage Text(RgbImage image, ref SeededRandom random)
    {
        bool dark = random.NextDouble() < 0.5;
        byte[] pixels = new byte[image.Pixels.Length];
        pixels.AsSpan().Fill(dark ? (byte)(200 + random.Below(56)) : (byte)random.Below(56));
        byte ink = dark ? (byte)random.Below(90) : (byte)(165 + random.Below(91));
        int scale = Math.Max(1, Math.Min(image.Width, image.Height) / (16 << random.Below(3)));
        int letters = (image.Width / (PixelFont.Advance * scale)) + 1;
        for (int y = random.Below(4 * scale) - scale; y < image.Height; y += (PixelFont.Height + 1 + random.Below(3)) * scale)
        {
            char[] line = new char[letters];
            for (int i = 0; i < letters; i++)
                line[i] = random.Below(6) == 0 ? ' ' : (char)('A' + random.Below(26));
            if (y >= 0)
                PixelFont.Draw(pixels, image.Width, new string(line), -random.Below(PixelFont.Advance * scale), y, scale, ink);
        }
        return new RgbImage(image.Width, image.Height, pixels);
    }

    // share of the way from one colour to the other, by place.
    private static RgbImage Painted(RgbImage image, Func<int, int, double> share, byte[] one, byte[] other)
    {
        byte[] pixels = new byte[image.Pixels.Length];
        for (int at = 0; at < pixels.Length; at++)
        {
            int pixel = at / 3,
                channel = at % 3;
            double t = share(pixel % image.Width, pixel / image.Width);
            pixels[at] = Level(one[channel] + ((other[channel] - one[channel]) * t));
        }
        return new RgbImage(image.Width, image.Height, pixels);
    }

    private static RgbImage Mixed(RgbImage image, byte[] colour, double share)
    {
        byte[] pixels = new byte[image.Pixels.Length];
        for (int at = 0; at < pixels.Length; at++)
            pixels[at] = Level(colour[at % 3] + ((image.Pixels[at] - colour[at % 3]) * share));
        return new RgbImage(image.Width, image.Height, pixels);
    }

    private static byte[] AnyColour(RgbImage image, ref SeededRandom random) =>
        image.Pixels.AsSpan(random.Below(image.Width * image.Height) * 3, 3).ToArray();

    private static byte[] Mean(RgbImage image)
    {
        Span<long> sums = stackalloc long[3];
        for (int at = 0; at < image.Pixels.Length; at++)
            sums[at % 3] += image.Pixels[at];
        long count = image.Width * (long)image.Height;
        return [(byte)(sums[0] / count), (byte)(sums[1] / count), (byte)(sums[2] / count)];
    }

    private static int[] Permutation(int count, ref SeededRandom random)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int at = count - 1; at > 0; at--)
        {
            int other = random.Below(at + 1);
            (order[at], order[other]) = (order[other], order[at]);
        }
        return order;
    }

    private static byte Level(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);
}
