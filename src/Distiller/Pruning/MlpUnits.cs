// Which units of an MLP a narrower one keeps.

using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Leaves out, a few at a time, the units that the block's answer can best do without when all others are refitted.</summary>
/// <remarks>
/// Optimal brain surgeon on the second layer's least squares (Hassibi and Stork, NeurIPS 1992): with G the activations' second moments, the
/// intercept and the ridge among them,
/// C = G⁻¹ and W = C·GᵀY, leaving out unit j costs ‖W_j‖² / C_jj. A tenth of the units is left out, then all is solved anew.
/// </remarks>
/// <param name="units">Units of the teacher.</param>
/// <param name="outputs">Width of the answer.</param>
/// <param name="device">Where activations come from.</param>
internal sealed class MlpUnits(long units, long outputs, torch.Device device) : IDisposable
{
    // Of many units more are left out at a time: each solve costs the cube of their number.
    private const int Many = 1024;
    private const double Share = 0.1,
        ShareOfMany = 0.25;

    private const double InterceptPenalty = 1e-6;

    private readonly NormalEquations sums = new(units, outputs, device);

    /// <summary>Adds rows.</summary>
    /// <param name="activations"><c>[..., M]</c>.</param>
    /// <param name="answer">What the second layer is to give, <c>[..., outputs]</c>.</param>
    /// <param name="weight">How often each row counts.</param>
    public void Add(torch.Tensor activations, torch.Tensor answer, double weight = 1) => sums.Add(activations, answer, weight);

    /// <summary>The units kept, ascending.</summary>
    /// <param name="count">How many.</param>
    /// <param name="penalty">Ridge penalty as a share of the mean diagonal.</param>
    public long[] Kept(int count, double penalty)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        long all = sums.Inputs;
        torch.Tensor system = sums.Gram.clone();
        double mean = system.diagonal().mean().item<double>();
        system.diagonal().narrow(0, 0, all).add_(penalty * mean);
        system.diagonal().narrow(0, all, 1).add_(InterceptPenalty * mean);
        List<long> kept = [.. Enumerable.Range(0, (int)all).Select(unit => (long)unit)];
        while (kept.Count > count)
        {
            using DisposeScope round = torch.NewDisposeScope();
            torch.Tensor chosen = torch.tensor([.. kept, all], device: system.device);
            torch.Tensor inverse = torch.linalg.inv(system.index_select(0, chosen).index_select(1, chosen));
            torch.Tensor solved = inverse.matmul(sums.Cross.index_select(0, chosen));
            double[] costs = (solved.square().sum([1]) / inverse.diagonal()).cpu().data<double>().ToArray();
            int left = Math.Min(kept.Count - count, Math.Max(1, (int)(kept.Count * (kept.Count > Many ? ShareOfMany : Share))));
            kept =
            [
                .. Enumerable
                    .Range(0, kept.Count)
                    .OrderBy(place => costs[place])
                    .ThenBy(place => place)
                    .Skip(left)
                    .Order()
                    .Select(place => kept[place]),
            ];
        }
        return [.. kept];
    }

    /// <inheritdoc/>
    public void Dispose() => sums.Dispose();
}
