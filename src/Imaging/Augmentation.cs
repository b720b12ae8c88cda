// Training augmentations on bytes, replayable from one seed per image.

using DataFreeKD.Imaging.Resampling;

namespace DataFreeKD.Imaging;

/// <summary>What is done to a training image, in this order: crop (resized, or reflect-padded), flip, colour jitter, erase.</summary>
/// <remarks>
/// Randomness is xoshiro256** seeded by SplitMix64 from the seed alone. Only additions, multiplications, divisions and square roots enter
/// the geometry, and colours are
/// integers: IEEE 754 fixes every result, so that equal seeds give equal bytes on every machine.
/// </remarks>
internal sealed record Augmentation
{
    /// <summary>Side of the output, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Chance of a horizontal flip, 0–1.</summary>
    public double FlipProbability { get; init; } = 0.5;

    /// <summary>Reflect-padded random crop by up to this many pixels each way (CIFAR style); 0 for none, at most ImageSize − 1.</summary>
    public int PadCrop { get; init; }

    /// <summary>RandomResizedCrop area range, 0–1, aspect 3/4 to 4/3, bicubic; (1, 1) for none.</summary>
    public (double Min, double Max) Scale { get; init; } = (1, 1);

    /// <summary>Brightness, contrast and saturation jitter: each factor is uniform in [max(0, 1 − j), 1 + j]; 0 for none.</summary>
    public double ColorJitter { get; init; }

    /// <summary>Chance of erasing a rectangle (2–33 % of the area, aspect 0.3–3.3) with noise, 0–1.</summary>
    public double EraseProbability { get; init; }

    /// <summary>Writes the augmented <c>[ImageSize, ImageSize, 3]</c> bytes; equal seeds give equal bytes on every machine.</summary>
    /// <param name="source"><c>[sourceSize, sourceSize, 3]</c> bytes. A source larger than ImageSize is cropped at random, or resized where
    /// <see cref="Scale"/> asks for it.</param>
    /// <param name="sourceSize">Side of the source, at least ImageSize.</param>
    /// <param name="seed">One seed an image and epoch.</param>
    /// <param name="destination"><c>[ImageSize, ImageSize, 3]</c> bytes.</param>
    /// <exception cref="ArgumentException">A length or an option is out of range.</exception>
    public void Apply(ReadOnlySpan<byte> source, int sourceSize, ulong seed, Span<byte> destination)
    {
        Check(source.Length, sourceSize, destination.Length);
        SeededRandom random = new(seed);
        if (Scale != (1, 1))
            ResizedCrop(source, sourceSize, ref random, destination);
        else
            PaddedCrop(source, sourceSize, ref random, destination);
        if (FlipProbability > 0 && random.NextDouble() < FlipProbability)
            Flip(destination);
        if (ColorJitter > 0)
            ColorJitters.Apply(destination, ColorJitter, ref random);
        if (EraseProbability > 0 && random.NextDouble() < EraseProbability)
            Erase(destination, ref random);
    }

    private void Check(int sourceLength, int sourceSize, int destinationLength)
    {
        if (ImageSize < 1 || sourceSize < ImageSize)
            throw new ArgumentException($"a source of {sourceSize} pixels a side cannot give an image of {ImageSize}", nameof(sourceSize));
        if (sourceLength != (long)sourceSize * sourceSize * 3)
            throw new ArgumentException($"{sourceLength} bytes are not {sourceSize}x{sourceSize} RGB", nameof(sourceLength));
        if (destinationLength != (long)ImageSize * ImageSize * 3)
            throw new ArgumentException($"{destinationLength} bytes are not {ImageSize}x{ImageSize} RGB", nameof(destinationLength));
        if (PadCrop < 0 || PadCrop >= ImageSize)
            throw new ArgumentException($"PadCrop {PadCrop} is not in 0..{ImageSize - 1}");
        if (!(Scale.Min > 0 && Scale.Min <= Scale.Max && Scale.Max <= 1))
            throw new ArgumentException(FormattableString.Invariant($"Scale ({Scale.Min}, {Scale.Max}) is not a range within (0, 1]"));
        if (ColorJitter < 0)
            throw new ArgumentException(FormattableString.Invariant($"ColorJitter {ColorJitter} is negative"));
    }

    private void PaddedCrop(ReadOnlySpan<byte> source, int sourceSize, ref SeededRandom random, Span<byte> destination)
    {
        int room = sourceSize - ImageSize + 2 * PadCrop + 1;
        int left = (room > 1 ? random.Below(room) : 0) - PadCrop;
        int top = (room > 1 ? random.Below(room) : 0) - PadCrop;
        for (int y = 0; y < ImageSize; y++)
        {
            ReadOnlySpan<byte> row = source.Slice(Reflect(top + y, sourceSize) * sourceSize * 3, sourceSize * 3);
            Span<byte> output = destination.Slice(y * ImageSize * 3, ImageSize * 3);

            // The middle of a row is one copy; only what hangs over the edge is reflected pixel by pixel.
            int from = Math.Max(0, -left),
                to = Math.Min(ImageSize, sourceSize - left);
            for (int x = 0; x < from; x++)
                row.Slice(Reflect(left + x, sourceSize) * 3, 3).CopyTo(output[(3 * x)..]);
            row.Slice((left + from) * 3, (to - from) * 3).CopyTo(output[(3 * from)..]);
            for (int x = to; x < ImageSize; x++)
                row.Slice(Reflect(left + x, sourceSize) * 3, 3).CopyTo(output[(3 * x)..]);
        }
    }

    // Mirrors at the edge pixel without repeating it: -1 is 1.
    private static int Reflect(int at, int size) =>
        at < 0 ? -at
        : at >= size ? 2 * size - 2 - at
        : at;

    private void ResizedCrop(ReadOnlySpan<byte> source, int sourceSize, ref SeededRandom random, Span<byte> destination)
    {
        int width = sourceSize,
            height = sourceSize,
            left = 0,
            top = 0;
        for (int attempt = 0; attempt < 10; attempt++)
        {
            double area = random.Between(Scale.Min, Scale.Max) * sourceSize * sourceSize;
            double aspect = Aspect(ref random, 4.0 / 3.0);
            int w = (int)Math.Round(Math.Sqrt(area * aspect)),
                h = (int)Math.Round(Math.Sqrt(area / aspect));
            if (w < 1 || h < 1 || w > sourceSize || h > sourceSize)
                continue;
            (width, height) = (w, h);
            left = random.Below(sourceSize - w + 1);
            top = random.Below(sourceSize - h + 1);
            break;
        }
        ReadOnlySpan<byte> corner = source[((top * sourceSize + left) * 3)..];
        Resampler.Run(
            corner,
            sourceSize * 3,
            width,
            height,
            new ResizeWindow(ImageSize, ImageSize, 0, 0, ImageSize, ImageSize),
            Interpolation.Bicubic,
            destination,
            Resampler.Best
        );
    }

    // Wide and tall alike: uniform in [1, most], inverted half of the time. A log-uniform draw would need a logarithm, which differs
    // between machines.
    private static double Aspect(ref SeededRandom random, double most)
    {
        double aspect = random.Between(1, most);
        return random.NextBits() >> 63 == 0 ? aspect : 1 / aspect;
    }

    private void Flip(Span<byte> image)
    {
        for (int y = 0; y < ImageSize; y++)
        {
            Span<byte> row = image.Slice(y * ImageSize * 3, ImageSize * 3);
            for (int x = 0, mirror = row.Length - 3; x < mirror; x += 3, mirror -= 3)
            {
                (row[x], row[mirror]) = (row[mirror], row[x]);
                (row[x + 1], row[mirror + 1]) = (row[mirror + 1], row[x + 1]);
                (row[x + 2], row[mirror + 2]) = (row[mirror + 2], row[x + 2]);
            }
        }
    }

    private void Erase(Span<byte> image, ref SeededRandom random)
    {
        for (int attempt = 0; attempt < 10; attempt++)
        {
            double area = random.Between(0.02, 0.33) * ImageSize * ImageSize;
            double aspect = Aspect(ref random, 3.3);
            int width = (int)Math.Round(Math.Sqrt(area * aspect)),
                height = (int)Math.Round(Math.Sqrt(area / aspect));
            if (width < 1 || height < 1 || width >= ImageSize || height >= ImageSize)
                continue;
            int left = random.Below(ImageSize - width + 1),
                top = random.Below(ImageSize - height + 1);
            for (int y = top; y < top + height; y++)
                Noise(image.Slice((y * ImageSize + left) * 3, width * 3), ref random);
            return;
        }
    }

    private static void Noise(Span<byte> bytes, ref SeededRandom random)
    {
        ulong bits = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            bits = (i & 7) == 0 ? random.NextBits() : bits >> 8;
            bytes[i] = (byte)bits;
        }
    }
}
