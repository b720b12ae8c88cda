// How differently the patches of an image look at each other: real images have a foreground and a background, noise has neither.

using TorchSharp;

namespace DataFreeKD.Distiller.Synthesis;

/// <summary>Patch-similarity entropy (PSAQ-ViT, Li et al., ECCV 2022, equations 4 to 7).</summary>
internal static class PatchSimilarity
{
    /// <summary>Bandwidth of the kernel density, in units of the cosine.</summary>
    public const double Bandwidth = 0.05;

    // The density is needed on [-1, 1] and three bandwidths beyond.
    private const int Points = 48;
    private const double From = -1 - (3 * Bandwidth),
        To = 1 + (3 * Bandwidth);

    /// <summary>
    /// Differential entropy −∫ f ln f of the density f of the cosines between the tokens of each image: f by Gaussian kernels on the
    /// N(N−1)/2 pairs, the integral as a sum over a
    /// grid of 48 points. In nats; at most ln 2.3. The paper's text takes every ordered pair, the diagonal too, which adds a constant share
    /// of ones.
    /// </summary>
    /// <param name="tokens">Patch tokens <c>[B, N, D]</c>, N above 1.</param>
    /// <returns><c>[B]</c>.</returns>
    public static torch.Tensor Entropy(torch.Tensor tokens)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long n = tokens.shape[1];
        torch.Tensor unit = tokens / tokens.norm(2, keepdim: true, p: 2).clamp_min(1e-8);
        torch.Tensor pairs = torch.triu_indices(n, n, 1, device: tokens.device);
        torch.Tensor cosines = unit.matmul(unit.transpose(1, 2)).flatten(1).index_select(1, (pairs[0] * n) + pairs[1]);
        torch.Tensor grid = torch.linspace(From, To, Points, dtype: tokens.dtype, device: tokens.device).view(1, Points, 1);
        torch.Tensor density =
            (((cosines.unsqueeze(1) - grid) / Bandwidth).square() * -0.5).exp().mean([-1]) / (Bandwidth * Math.Sqrt(2 * Math.PI));
        return (-(density * density.clamp_min(1e-12).log()).sum(-1) * ((To - From) / (Points - 1))).MoveToOuterDisposeScope();
    }
}
