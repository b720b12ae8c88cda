// Ridge regression by streamed normal equations.

using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>
/// Solves (UᵀU + λI) W = UᵀY with an unpenalised intercept.
/// λ is a share of the mean diagonal of UᵀU, the intercept's own entry among it.
/// </summary>
/// <param name="inputs">Columns of U.</param>
/// <param name="outputs">Columns of Y.</param>
/// <param name="device">Where rows come from.</param>
internal sealed class RidgeRegression(long inputs, long outputs, torch.Device device) : IDisposable
{
    private readonly NormalEquations sums = new(inputs, outputs, device);

    /// <inheritdoc cref="NormalEquations.Add"/>
    public void Add(torch.Tensor inputs, torch.Tensor outputs, double weight = 1) => sums.Add(inputs, outputs, weight);

    /// <summary>The map y ≈ W u + b.</summary>
    /// <param name="penalty">λ as a share of the mean diagonal, above 0.</param>
    /// <param name="intercept">Whether there is a b; without, it is held at 0.</param>
    /// <returns>W <c>[outputs, inputs]</c> and b <c>[outputs]</c> in float64, in the caller's dispose scope.</returns>
    public (torch.Tensor Weight, torch.Tensor Bias) Solve(double penalty, bool intercept = true)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long columns = sums.Inputs;
        torch.Tensor system = sums.Gram.clone(),
            right = sums.Cross;
        torch.Tensor diagonal = system.diagonal();
        double lambda = penalty * diagonal.mean().item<double>();
        diagonal.narrow(0, 0, columns).add_(lambda);
        if (!intercept)
            (system, right) = (system.narrow(0, 0, columns).narrow(1, 0, columns), right.narrow(0, 0, columns));
        torch.Tensor solved = torch.linalg.solve(system, right);
        torch.Tensor bias = intercept ? solved[columns].clone() : torch.zeros(right.shape[1], torch.float64, right.device);
        return (solved.narrow(0, 0, columns).t().contiguous().MoveToOuterDisposeScope(), bias.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => sums.Dispose();
}
