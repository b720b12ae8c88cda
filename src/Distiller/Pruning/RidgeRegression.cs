// Ridge regression by streamed normal equations: memory does not grow with the rows.

using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>
/// Accumulates UᵀU and UᵀY in float64 over batches of rows and solves (UᵀU + λI) W = UᵀY with an unpenalised intercept.
/// λ is a share of the mean diagonal of UᵀU, the intercept's own entry among it.
/// </summary>
internal sealed class RidgeRegression : IDisposable
{
    private readonly torch.Tensor gram, cross;

    /// <param name="inputs">Columns of U.</param>
    /// <param name="outputs">Columns of Y.</param>
    /// <param name="device">Where rows come from.</param>
    public RidgeRegression(long inputs, long outputs, torch.Device device)
    {
        gram = torch.zeros([inputs + 1, inputs + 1], torch.float64, device).DetachFromDisposeScope();
        cross = torch.zeros([inputs + 1, outputs], torch.float64, device).DetachFromDisposeScope();
    }

    /// <summary>Adds rows.</summary>
    /// <param name="inputs">U, <c>[..., inputs]</c>.</param>
    /// <param name="outputs">Y, <c>[..., outputs]</c>, with the same leading dimensions.</param>
    /// <param name="weight">How often each row counts.</param>
    public void Add(torch.Tensor inputs, torch.Tensor outputs, double weight = 1)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor u = inputs.reshape(-1, inputs.shape[^1]).to(torch.float64), y = outputs.reshape(-1, outputs.shape[^1]).to(torch.float64);
        u = torch.cat([u, torch.ones([u.shape[0], 1], torch.float64, u.device)], 1);
        torch.Tensor transposed = u.t();
        gram.addmm_(transposed, u, alpha: (float)weight);
        cross.addmm_(transposed, y, alpha: (float)weight);
    }

    /// <summary>The map y ≈ W u + b.</summary>
    /// <param name="penalty">λ as a share of the mean diagonal, above 0.</param>
    /// <param name="intercept">Whether there is a b; without, it is held at 0.</param>
    /// <returns>W <c>[outputs, inputs]</c> and b <c>[outputs]</c> in float64, in the caller's dispose scope.</returns>
    public (torch.Tensor Weight, torch.Tensor Bias) Solve(double penalty, bool intercept = true)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long inputs = gram.shape[0] - 1;
        torch.Tensor system = gram.clone(), right = cross;
        torch.Tensor diagonal = system.diagonal();
        double lambda = penalty * diagonal.mean().item<double>();
        diagonal.narrow(0, 0, inputs).add_(lambda);
        if (!intercept) (system, right) = (system.narrow(0, 0, inputs).narrow(1, 0, inputs), right.narrow(0, 0, inputs));
        torch.Tensor solved = torch.linalg.solve(system, right);
        torch.Tensor bias = intercept ? solved[inputs].clone() : torch.zeros(cross.shape[1], torch.float64, cross.device);
        return (solved.narrow(0, 0, inputs).t().contiguous().MoveToOuterDisposeScope(), bias.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        gram.Dispose();
        cross.Dispose();
    }
}
