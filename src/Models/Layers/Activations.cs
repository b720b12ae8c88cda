// The activations by name, as functions of tensors.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Computes an <see cref="Activation"/>.</summary>
internal static class Activations
{
    public static Tensor Apply(this Activation activation, Tensor x) =>
        activation switch
        {
            Activation.GeluTanh => Tanh(x),
            Activation.QuickGelu => x * x.mul(1.702).sigmoid(),
            Activation.Relu => x.relu(),
            Activation.Silu => nn.functional.silu(x),
            _ => x.gelu(),
        };

    // ½x(1 + tanh √(2/π)(x + 0.044715 x³)); TorchSharp does not bind the approximate form.
    private static Tensor Tanh(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor inner = (x + x.pow(3).mul(0.044715)).mul(Math.Sqrt(2 / Math.PI));
        return (x.mul(0.5) * inner.tanh().add(1)).MoveToOuterDisposeScope();
    }
}
