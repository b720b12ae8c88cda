// Training augmentations on bytes, replayable from one seed per image.

namespace DataFreeKD.Imaging;

/// <summary>What is done to a training image.</summary>
public sealed record Augmentation
{
    /// <summary>Side of the output, pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Chance of a horizontal flip, 0–1.</summary>
    public double FlipProbability { get; init; } = 0.5;

    /// <summary>Reflect-padded random crop by up to this many pixels each way (CIFAR style); 0 for none.</summary>
    public int PadCrop { get; init; }

    /// <summary>RandomResizedCrop area range; (1, 1) for none.</summary>
    public (double Min, double Max) Scale { get; init; } = (1, 1);

    /// <summary>Brightness, contrast and saturation jitter, 0 for none.</summary>
    public double ColorJitter { get; init; }

    /// <summary>Chance of erasing a rectangle with noise, 0–1.</summary>
    public double EraseProbability { get; init; }

    /// <summary>Writes the augmented <c>[ImageSize, ImageSize, 3]</c> bytes; equal seeds give equal bytes on every machine.</summary>
    /// <param name="source"><c>[sourceSize, sourceSize, 3]</c> bytes.</param>
    /// <param name="sourceSize">Side of the source, at least ImageSize.</param>
    /// <param name="seed">One seed an image and epoch.</param>
    /// <param name="destination"><c>[ImageSize, ImageSize, 3]</c> bytes.</param>
    public void Apply(ReadOnlySpan<byte> source, int sourceSize, ulong seed, Span<byte> destination) => throw new NotImplementedException();
}
