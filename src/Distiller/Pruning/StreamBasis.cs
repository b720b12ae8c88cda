// The directions of the residual stream that a narrower model keeps.

using DataFreeKD.Distiller.Data;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>One basis for the whole residual stream, of the directions that what the LayerNorms read needs most.</summary>
/// <remarks>
/// A Transformer's stream may be turned by any orthogonal matrix once the norms' scales are moved into the maps behind them (SliceGPT,
/// Ashkboos et al., ICLR 2024).
/// A = Σ ẑᵀẑ over all norms' inputs, ẑ the mean-free tokens scaled to length 1; the basis is P = (I − 11ᵀ/D)·Q·R·Eᵀ,
/// Q the d − 1 leading eigenvectors of A, R a rotation that spreads their energy over the channels, and E orthonormal columns of zero sum,
/// so that the narrower LayerNorm, which takes the mean away, loses nothing.
/// With slopes, Q spans √G·V, V the leading eigenvectors of √G·A·√G and G = (Σ gᵀg)^½, g the slopes of the teacher's answer at ẑ:
/// directions that hold energy and that the answer depends on, as in balanced truncation (Moore 1981). G is the square root of what the
/// answer's own second order would be, between energy alone and sensitivity alone.
/// </remarks>
internal sealed class StreamBasis : IDisposable
{
    // What directions without any slope count for, as a share of the mean.
    private const double Floor = 1e-3;

    private readonly torch.Tensor energy,
        sensitivity;
    private bool hasSlopes;

    /// <param name="width">D.</param>
    /// <param name="device">Where tokens come from.</param>
    public StreamBasis(long width, torch.Device device)
    {
        energy = torch.zeros([width, width], torch.float64, device).DetachFromDisposeScope();
        sensitivity = torch.zeros([width, width], torch.float64, device).DetachFromDisposeScope();
    }

    /// <summary>Adds what a norm reads.</summary>
    /// <param name="tokens"><c>[..., D]</c>.</param>
    /// <param name="weight">How often they count.</param>
    public void Add(torch.Tensor tokens, double weight = 1)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor z = Centred(tokens);
        z = z / Lengths(z);
        energy.addmm_(z.t(), z, alpha: (float)weight);
    }

    /// <summary>Adds how the teacher's answer depends on what a norm reads.</summary>
    /// <param name="tokens"><c>[..., D]</c>.</param>
    /// <param name="slopes">The answer's gradient at the tokens, of their shape.</param>
    public void AddSlopes(torch.Tensor tokens, torch.Tensor slopes)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // Of tokens scaled to length 1, as the energy is.
        torch.Tensor g = Centred(slopes) * Lengths(Centred(tokens));
        sensitivity.addmm_(g.t(), g);
        hasSlopes = true;
    }

    /// <summary>P <c>[D, width]</c> in float64, and the share of the energy that it keeps.</summary>
    /// <param name="width">d, from 2 to D.</param>
    /// <param name="seed">Decides R and E; the pruned model's answers do not depend on them beyond rounding.</param>
    public (torch.Tensor Basis, double Kept) Of(int width, long seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor total = energy.cpu();
        torch.Tensor leading = hasSlopes ? Balanced(total, width - 1) : Leading(total, width - 1);
        double kept = (leading * total.matmul(leading)).sum().item<double>() / total.diagonal().sum().item<double>();
        Randomness random = new(seed, Purpose.Pruning);
        torch.Tensor rotation = Orthonormal(Normal(ref random, width - 1, width - 1));
        torch.Tensor zeroSum = Orthonormal(torch.cat([torch.ones([width, 1], torch.float64), Normal(ref random, width, width - 1)], 1))
            .narrow(1, 1, width - 1);
        torch.Tensor basis = leading.matmul(rotation).matmul(zeroSum.t());
        basis = basis - basis.mean([0], keepdim: true);
        return (basis.to(energy.device).MoveToOuterDisposeScope(), kept);
    }

    private torch.Tensor Balanced(torch.Tensor total, long count)
    {
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(sensitivity.cpu());
        values = values.clamp_min(0);
        torch.Tensor root = vectors.matmul(torch.diag((values + (Floor * values.mean())).pow(0.25))).matmul(vectors.t());
        // Without the mean, which no norm reads.
        root = root - root.mean([0], keepdim: true);
        return Orthonormal(root.matmul(Leading(root.t().matmul(total).matmul(root), count)));
    }

    private static torch.Tensor Leading(torch.Tensor symmetric, long count) =>
        torch.linalg.eigh(symmetric).Item2.narrow(1, symmetric.shape[0] - count, count);

    private static torch.Tensor Centred(torch.Tensor rows)
    {
        torch.Tensor flat = rows.reshape(-1, rows.shape[^1]).to(torch.float64);
        return flat - flat.mean([1], keepdim: true);
    }

    private static torch.Tensor Lengths(torch.Tensor rows) => rows.norm(1, true, 2).clamp_min(1e-30);

    /// <inheritdoc/>
    public void Dispose()
    {
        energy.Dispose();
        sensitivity.Dispose();
    }

    private static torch.Tensor Orthonormal(torch.Tensor columns) => torch.linalg.qr(columns).Q;

    private static torch.Tensor Normal(ref Randomness random, int rows, int columns)
    {
        double[] values = new double[rows * columns];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextNormal();
        return torch.tensor(values, [rows, columns]);
    }
}
