// The sums that every least squares of a pruning needs, over batches of rows.

using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>UᵀU and UᵀY in float64, with a one behind every row of U for the intercept. Memory does not grow with the rows.</summary>
internal sealed class NormalEquations : IDisposable
{
    /// <param name="inputs">Columns of U.</param>
    /// <param name="outputs">Columns of Y.</param>
    /// <param name="device">Where rows come from.</param>
    public NormalEquations(long inputs, long outputs, torch.Device device)
    {
        Inputs = inputs;
        Gram = torch.zeros([inputs + 1, inputs + 1], torch.float64, device).DetachFromDisposeScope();
        Cross = torch.zeros([inputs + 1, outputs], torch.float64, device).DetachFromDisposeScope();
    }

    /// <summary>Columns of U, the intercept's left out.</summary>
    public long Inputs { get; }

    /// <summary>UᵀU, <c>[inputs + 1, inputs + 1]</c>; the last row and column are the intercept's.</summary>
    public torch.Tensor Gram { get; }

    /// <summary>UᵀY, <c>[inputs + 1, outputs]</c>.</summary>
    public torch.Tensor Cross { get; }

    /// <summary>Adds rows.</summary>
    /// <param name="inputs">U, <c>[..., inputs]</c>.</param>
    /// <param name="outputs">Y, <c>[..., outputs]</c>, with the same leading dimensions.</param>
    /// <param name="weight">How often each row counts.</param>
    public void Add(torch.Tensor inputs, torch.Tensor outputs, double weight = 1)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = inputs.reshape(-1, inputs.shape[^1]).to(torch.float64);
        rows = torch.cat([rows, torch.ones([rows.shape[0], 1], torch.float64, rows.device)], 1);
        torch.Tensor transposed = rows.t();
        Gram.addmm_(transposed, rows, alpha: (float)weight);
        Cross.addmm_(transposed, outputs.reshape(-1, outputs.shape[^1]).to(torch.float64), alpha: (float)weight);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Gram.Dispose();
        Cross.Dispose();
    }
}
