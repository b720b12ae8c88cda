// One linear map in oneDNN's layout.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Inference;

/// <summary>A copy of a weight and bias for forward passes without gradients. In bfloat16, inputs are rounded to it as they come.</summary>
internal sealed class PackedLinear : IDisposable
{
    private readonly OneDnn operators;
    private readonly Tensor weight;
    private readonly Tensor bias;
    private readonly ScalarType type;

    private PackedLinear(OneDnn operators, Tensor weight, Tensor bias, long rows, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        this.operators = operators;
        this.type = type;
        this.weight = operators.Pack(weight.detach().to(type).contiguous(), rows).DetachFromDisposeScope();
        this.bias = bias.detach().to(type, copy: true).DetachFromDisposeScope();
    }

    /// <summary>Null where oneDNN cannot be had, or the map is of another device or type, or without a bias.</summary>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c>.</param>
    /// <param name="packing">For which passes.</param>
    public static PackedLinear? TryOf(Tensor weight, Tensor? bias, Packing packing) =>
        bias is not null && weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32 && OneDnn.Operators is { } operators
            ? new PackedLinear(
                operators,
                weight,
                bias,
                packing.Rows,
                packing.Precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32
            )
            : null;

    /// <summary><c>x Wᵀ + b</c>, in the map's own type.</summary>
    public Tensor Linear(Tensor x) => operators.Linear(x.to(type), weight, bias);

    /// <summary><c>gelu(x Wᵀ + b)</c>, in the map's own type.</summary>
    public Tensor LinearGelu(Tensor x) => operators.LinearGelu(x.to(type), weight, bias);

    /// <summary><c>x Wᵀ + b + residual</c>, in the residual's type: what blocks add up is never rounded.</summary>
    public Tensor LinearAdd(Tensor x, Tensor residual) =>
        type == residual.dtype ? operators.LinearAdd(x, residual, weight, bias) : residual + Linear(x);

    /// <summary>Lets the copies go.</summary>
    public void Dispose()
    {
        weight.Dispose();
        bias.Dispose();
    }
}

/// <summary>What weights are packed for.</summary>
/// <param name="Rows">Rows of input that a pass has, about.</param>
/// <param name="Precision">What the maps are computed in.</param>
internal readonly record struct Packing(long Rows, Precision Precision);
