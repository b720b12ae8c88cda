// How loud each unit of an MLP is: the plain way to choose among them.

using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Ranks units by the spread of their activation times the length of what they write.</summary>
internal sealed class UnitSpread : IDisposable
{
    private readonly torch.Tensor sums,
        squares;
    private long rows;

    /// <param name="units">Units of the teacher.</param>
    /// <param name="device">Where activations come from.</param>
    public UnitSpread(long units, torch.Device device)
    {
        sums = torch.zeros(units, torch.float64, device).DetachFromDisposeScope();
        squares = torch.zeros(units, torch.float64, device).DetachFromDisposeScope();
    }

    /// <summary>Adds activations <c>[..., M]</c>.</summary>
    public void Add(torch.Tensor activations)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor flat = activations.reshape(-1, activations.shape[^1]).to(torch.float64);
        // Brackets: a bare 0 would be taken for a type of numbers.
        sums.add_(flat.sum([0]));
        squares.add_(flat.square().sum([0]));
        rows += flat.shape[0];
    }

    /// <summary>The units kept, ascending.</summary>
    /// <param name="count">How many.</param>
    /// <param name="written">What each unit writes, <c>[d, M]</c>.</param>
    public long[] Largest(int count, torch.Tensor written)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor mean = sums / rows;
        torch.Tensor spread = ((squares / rows) - mean.square()).clamp_min(0).sqrt();
        double[] size = (spread * written.norm(0, false, 2)).cpu().data<double>().ToArray();
        return
        [
            .. Enumerable
                .Range(0, size.Length)
                .OrderByDescending(unit => size[unit])
                .ThenBy(unit => unit)
                .Take(count)
                .Order()
                .Select(unit => (long)unit),
        ];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sums.Dispose();
        squares.Dispose();
    }
}
