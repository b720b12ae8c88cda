// One linear map in oneDNN's layout.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Inference;

/// <summary>A copy of a weight and bias for forward passes without gradients.</summary>
internal sealed class PackedLinear : IDisposable
{
    private readonly OneDnn operators;
    private readonly Tensor weight;
    private readonly Tensor bias;

    private PackedLinear(OneDnn operators, Tensor weight, Tensor bias, long rows)
    {
        this.operators = operators;
        this.weight = operators.Pack(weight.detach().contiguous(), rows).DetachFromDisposeScope();
        this.bias = bias.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>Null where oneDNN cannot be had, or the map is of another device or type, or without a bias.</summary>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c>.</param>
    /// <param name="rows">Rows of input that a pass has, about.</param>
    public static PackedLinear? TryOf(Tensor weight, Tensor? bias, long rows) =>
        bias is not null && weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32 && OneDnn.Operators is { } operators ? new PackedLinear(operators, weight, bias, rows) : null;

    /// <summary><c>x Wᵀ + b</c>.</summary>
    public Tensor Linear(Tensor x) => operators.Linear(x, weight, bias);

    /// <summary><c>gelu(x Wᵀ + b)</c>.</summary>
    public Tensor LinearGelu(Tensor x) => operators.LinearGelu(x, weight, bias);

    /// <summary>Lets the copies go.</summary>
    public void Dispose()
    {
        weight.Dispose();
        bias.Dispose();
    }

    /// <summary><c>x Wᵀ + b + residual</c>.</summary>
    public Tensor LinearAdd(Tensor x, Tensor residual) => operators.LinearAdd(x, residual, weight, bias);
}
