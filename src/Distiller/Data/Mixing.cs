// Mixup (Zhang et al., 2018) and CutMix (Yun et al., 2019), each image with its mirror in the batch's order.

using TorchSharp;

namespace DataFreeKD.Distiller.Data;

/// <summary>A mixed batch. Without labels the teacher simply sees the mixed pixels.</summary>
/// <param name="Pixels">Mixed <c>[B, 3, S, S]</c>.</param>
/// <param name="Own">Share of each image's own pixels (and label), 0–1; the rest is of image B−1−i.</param>
internal readonly record struct Mixed(torch.Tensor Pixels, double Own);

internal static class Mixing
{
    /// <summary>Whether batches are mixed.</summary>
    public static bool IsOn(BatchOptions options) => options.Mixup > 0 || options.CutMix > 0;

    /// <summary>Mixes as the options say, by (seed, step) alone.</summary>
    /// <param name="pixels"><c>[B, 3, S, S]</c>.</param>
    /// <param name="options">What is on.</param>
    /// <param name="step">Counts from 0.</param>
    /// <param name="partners">What each image is mixed with; null for the batch in reverse.</param>
    public static Mixed Apply(torch.Tensor pixels, BatchOptions options, int step, torch.Tensor? partners = null)
    {
        if (!IsOn(options))
            return new Mixed(pixels, 1);
        Randomness random = new(options.StreamSeed, Purpose.Mixing, step);
        bool cut = options.CutMix > 0 && (options.Mixup <= 0 || random.NextDouble() < 0.5);
        double own = random.NextBeta(cut ? options.CutMix : options.Mixup);
        torch.Tensor other = partners ?? pixels.flip(0);
        return cut ? Cut(pixels, other, own, ref random) : new Mixed((pixels * own) + (other * (1 - own)), own);
    }

    private static Mixed Cut(torch.Tensor pixels, torch.Tensor other, double own, ref Randomness random)
    {
        int side = (int)pixels.shape[^1],
            half = (int)(side * Math.Sqrt(1 - own) / 2);
        int x = random.NextInt(side),
            y = random.NextInt(side);
        int left = Math.Max(0, x - half),
            right = Math.Min(side, x + half),
            top = Math.Max(0, y - half),
            bottom = Math.Min(side, y + half);
        if (right <= left || bottom <= top)
            return new Mixed(pixels, 1);
        torch.Tensor mixed = pixels.clone();
        Rectangle(mixed).copy_(Rectangle(other));
        return new Mixed(mixed, 1 - ((double)(right - left) * (bottom - top) / ((double)side * side)));

        torch.Tensor Rectangle(torch.Tensor image) => image.narrow(2, top, bottom - top).narrow(3, left, right - left);
    }
}
