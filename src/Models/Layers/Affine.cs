// A weight with an optional bias: the parameters of a linear map, a convolution or a LayerNorm.

using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Holds <c>weight</c> and <c>bias</c> under those names. The fields bear the registered names because TorchSharp re-seats them by name when the module moves to another device.</summary>
internal sealed class Affine : nn.Module
{
    public Parameter weight;
    public Parameter? bias;

    /// <summary>Uninitialised parameters of <paramref name="shape"/>; the bias is as long as the first dimension.</summary>
    public Affine(long[] shape, bool withBias = true) : base(nameof(Affine))
    {
        weight = Weight.Of(empty(shape));
        register_parameter(nameof(weight), weight);
        if (!withBias) return;
        bias = Weight.Of(zeros(shape[0]));
        register_parameter(nameof(bias), bias);
    }

    /// <summary><c>x Wᵀ + b</c> over the last axis.</summary>
    public Tensor Linear(Tensor x) => nn.functional.linear(x, weight, bias!);

    /// <summary>Rows <paramref name="start"/>.. of the map alone.</summary>
    public Tensor LinearRows(Tensor x, long start, long rows) =>
        nn.functional.linear(x, weight.narrow(0, start, rows), bias is null ? null! : bias.narrow(0, start, rows));

    /// <summary>Convolution of <c>[B, C, H, W]</c>, padded so that a stride of 1 keeps the size.</summary>
    public Tensor Convolve(Tensor x, long stride = 1, long groups = 1)
    {
        long padding = weight.shape[2] / 2;
        return nn.functional.conv2d(x, weight, bias!, [stride, stride], [padding, padding], groups: groups);
    }

    /// <summary>LayerNorm over the last axis.</summary>
    public Tensor Norm(Tensor x, double epsilon) => nn.functional.layer_norm(x, [weight.shape[0]], weight, bias!, epsilon);
}
