// What every photograph has and noise has not.

using TorchSharp;

namespace DataFreeKD.Distiller.Synthesis;

/// <summary>Priors on pixels.</summary>
internal static class PixelPriors
{
    /// <summary>Total variation: the sum over the four directions (right, down, both diagonals) of the root of the mean squared difference
    /// of neighbours, for each image (as DeepInversion, Yin et al., CVPR 2020, but by the mean, so that it hangs on no size).</summary>
    /// <param name="pixels">Normalised pixels <c>[B, 3, H, W]</c>, both sides above 1.</param>
    /// <returns><c>[B]</c>.</returns>
    public static torch.Tensor TotalVariation(torch.Tensor pixels)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long h = pixels.shape[2] - 1,
            w = pixels.shape[3] - 1;
        torch.Tensor origin = Part(0, 0),
            sum = Root(pixels.narrow(3, 0, w) - pixels.narrow(3, 1, w)) + Root(pixels.narrow(2, 0, h) - pixels.narrow(2, 1, h));
        return (sum + Root(origin - Part(1, 1)) + Root(Part(0, 1) - Part(1, 0))).MoveToOuterDisposeScope();

        torch.Tensor Part(long y, long x) => pixels.narrow(2, y, h).narrow(3, x, w);

        // A flat image has no gradient there, rather than an infinite one.
        static torch.Tensor Root(torch.Tensor difference) => (difference.square().mean([1, 2, 3]) + 1e-12).sqrt();
    }
}
