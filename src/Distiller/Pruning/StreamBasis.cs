// The directions of the residual stream that a narrower model keeps.

using DataFreeKD.Distiller.Data;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>One basis for the whole residual stream, of the directions that hold most energy of what the LayerNorms read.</summary>
/// <remarks>
/// A Transformer's stream may be turned by any orthogonal matrix once the norms' scales are moved into the maps behind them (SliceGPT,
/// Ashkboos et al., ICLR 2024).
/// A = Σ ẑᵀẑ over all norms' inputs, ẑ the mean-free tokens scaled to length 1; the basis is P = (I − 11ᵀ/D)·Q·R·Eᵀ,
/// Q the d − 1 leading eigenvectors of A, R a rotation that spreads their energy over the channels, and E orthonormal columns of zero sum,
/// so that the narrower LayerNorm, which takes the mean away, loses nothing.
/// </remarks>
internal sealed class StreamBasis : IDisposable
{
    private readonly torch.Tensor energy;

    /// <param name="width">D.</param>
    /// <param name="device">Where tokens come from.</param>
    public StreamBasis(long width, torch.Device device) =>
        energy = torch.zeros([width, width], torch.float64, device).DetachFromDisposeScope();

    /// <summary>Adds what a norm reads.</summary>
    /// <param name="tokens"><c>[..., D]</c>.</param>
    /// <param name="weight">How often they count.</param>
    public void Add(torch.Tensor tokens, double weight = 1)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor z = tokens.reshape(-1, tokens.shape[^1]).to(torch.float64);
        z = z - z.mean([1], keepdim: true);
        z = z / z.norm(1, true, 2).clamp_min(1e-30);
        energy.addmm_(z.t(), z, alpha: (float)weight);
    }

    /// <summary>P <c>[D, width]</c> in float64, and the share of the energy that it keeps.</summary>
    /// <param name="width">d, from 2 to D.</param>
    /// <param name="seed">Decides R and E; the pruned model's answers do not depend on them beyond rounding.</param>
    public (torch.Tensor Basis, double Kept) Of(int width, long seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long full = energy.shape[0];
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(energy.cpu());
        torch.Tensor leading = vectors.narrow(1, full - width + 1, width - 1);
        double kept = values.narrow(0, full - width + 1, width - 1).sum().item<double>() / values.sum().item<double>();
        Randomness random = new(seed, Purpose.Pruning);
        torch.Tensor rotation = Orthonormal(Normal(ref random, width - 1, width - 1));
        torch.Tensor zeroSum = Orthonormal(torch.cat([torch.ones([width, 1], torch.float64), Normal(ref random, width, width - 1)], 1))
            .narrow(1, 1, width - 1);
        torch.Tensor basis = leading.matmul(rotation).matmul(zeroSum.t());
        basis = basis - basis.mean([0], keepdim: true);
        return (basis.to(energy.device).MoveToOuterDisposeScope(), kept);
    }

    /// <inheritdoc/>
    public void Dispose() => energy.Dispose();

    private static torch.Tensor Orthonormal(torch.Tensor columns) => torch.linalg.qr(columns).Q;

    private static torch.Tensor Normal(ref Randomness random, int rows, int columns)
    {
        double[] values = new double[rows * columns];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextNormal();
        return torch.tensor(values, [rows, columns]);
    }
}
