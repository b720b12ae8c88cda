// What smaller heads aim at: the directions of queries, keys and values that attention uses most.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Per head, linear maps from the teacher's queries, keys and values to smaller ones.</summary>
/// <remarks>
/// Queries and keys: with C_q = E[qᵀq] and C_k = E[kᵀk], U S Vᵀ = svd(C_q^½ C_k^½), the targets are q·C_q^−½·U_r·S_r^½ and
/// k·C_k^−½·V_r·S_r^½,
/// so that their products keep the largest part of q·k; both are scaled by (r/d)^¼, which makes up for the smaller divisor √r of the
/// softmax.
/// Values: svd(W_o·C_v^½), C_v centred; the r leading right vectors, whitened and scaled by their singular values: what the projection
/// passes on.
/// </remarks>
internal sealed class HeadTargets : IDisposable
{
    // Directions that hold less than this of the largest variance count as holding this much.
    private const double Floor = 1e-9;

    private readonly torch.Tensor queries,
        keys,
        values,
        sums;
    private long rows;

    /// <param name="heads">H.</param>
    /// <param name="size">d: dimensions of a head.</param>
    /// <param name="device">Where the parts come from.</param>
    public HeadTargets(long heads, long size, torch.Device device)
    {
        queries = Zeros(heads, size, size);
        keys = Zeros(heads, size, size);
        values = Zeros(heads, size, size);
        sums = Zeros(heads, 1, size);

        torch.Tensor Zeros(params long[] shape) => torch.zeros(shape, torch.float64, device).DetachFromDisposeScope();
    }

    /// <summary>Adds a batch: each part <c>[B, H, T, d]</c>.</summary>
    public void Add(Qkv parts)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Second(queries, parts.Queries);
        Second(keys, parts.Keys);
        torch.Tensor flat = Second(values, parts.Values);
        sums.add_(flat.sum(1, keepdim: true));
        rows += flat.shape[1];
    }

    /// <summary>How much each head writes to the stream: the trace of W_o·C_v·W_oᵀ, <c>[H]</c>.</summary>
    /// <param name="projection">W_o <c>[H, D, d]</c>.</param>
    public double[] Sizes(torch.Tensor projection)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return (projection.matmul(Covariance()) * projection).sum([1, 2]).cpu().data<double>().ToArray();
    }

    /// <summary>The mean of the values, heads side by side: <c>[H·d]</c>.</summary>
    public torch.Tensor MeanValues() => (sums / rows).flatten();

    /// <summary>Maps <c>[d, r]</c> of one head, in float64 and the caller's dispose scope.</summary>
    /// <param name="head">Which.</param>
    /// <param name="size">r, at most d.</param>
    /// <param name="projection">W_o of the head, <c>[D, d]</c>.</param>
    public (torch.Tensor Queries, torch.Tensor Keys, torch.Tensor Values) Maps(int head, int size, torch.Tensor projection)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        double temperature = Math.Pow((double)size / queries.shape[1], 0.25);
        (torch.Tensor queryRoot, torch.Tensor queryWhite) = Roots((queries[head] / rows).cpu());
        (torch.Tensor keyRoot, torch.Tensor keyWhite) = Roots((keys[head] / rows).cpu());
        (torch.Tensor left, torch.Tensor products, torch.Tensor right) = torch.linalg.svd(queryRoot.matmul(keyRoot));
        torch.Tensor scale = products.narrow(0, 0, size).sqrt() * temperature;
        torch.Tensor query = queryWhite.matmul(left.narrow(1, 0, size)) * scale,
            key = keyWhite.matmul(right.narrow(0, 0, size).t()) * scale;
        (torch.Tensor valueRoot, torch.Tensor valueWhite) = Roots(Covariance()[head].cpu());
        (torch.Tensor _, torch.Tensor written, torch.Tensor read) = torch.linalg.svd(
            projection.cpu().matmul(valueRoot),
            fullMatrices: false
        );
        torch.Tensor value = valueWhite.matmul(read.narrow(0, 0, size).t()) * (written.narrow(0, 0, size) / written[0].clamp_min(1e-300));
        torch.Device device = queries.device;
        return (
            query.to(device).MoveToOuterDisposeScope(),
            key.to(device).MoveToOuterDisposeScope(),
            value.to(device).MoveToOuterDisposeScope()
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (torch.Tensor tensor in (torch.Tensor[])[queries, keys, values, sums])
            tensor.Dispose();
    }

    private torch.Tensor Covariance()
    {
        torch.Tensor mean = sums / rows;
        return (values / rows) - mean.transpose(1, 2).matmul(mean);
    }

    private static torch.Tensor Second(torch.Tensor sum, torch.Tensor part)
    {
        long[] shape = part.shape;
        torch.Tensor flat = part.transpose(0, 1).reshape(shape[1], shape[0] * shape[2], shape[3]).to(torch.float64);
        sum.add_(flat.transpose(1, 2).bmm(flat));
        return flat;
    }

    // Symmetric square root and its inverse.
    private static (torch.Tensor Root, torch.Tensor Inverse) Roots(torch.Tensor matrix)
    {
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(matrix);
        double largest = Math.Max(values[-1].item<double>(), 1e-300);
        torch.Tensor root = values.clamp_min(Floor * largest).sqrt();
        return ((vectors * root).matmul(vectors.t()), (vectors / root).matmul(vectors.t()));
    }
}
