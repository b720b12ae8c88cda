// A weight with an optional bias: the parameters of a linear map, a convolution or a LayerNorm.

using DataFreeKD.Models.Inference;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Holds <c>weight</c> and <c>bias</c> under those names. The fields bear the registered names because TorchSharp re-seats them by
/// name when the module moves to another device.</summary>
internal sealed class Affine : nn.Module
{
    public Parameter weight;
    public Parameter? bias;

    /// <summary>Uninitialised parameters of <paramref name="shape"/>; the bias is as long as the first dimension.</summary>
    public Affine(long[] shape, bool withBias = true)
        : base(nameof(Affine))
    {
        weight = Weight.Of(empty(shape));
        register_parameter(nameof(weight), weight);
        if (!withBias)
            return;
        bias = Weight.Of(zeros(shape[0]));
        register_parameter(nameof(bias), bias);
    }

    /// <summary>What the map is computed in while its model learns; null for the weights' own type, which they keep anyway.</summary>
    public ScalarType? Learning { get; set; }

    // For inference alone: parts of the map, by the rows they hold.
    private readonly Dictionary<(long Start, long Rows), PackedLinear> packed = [];

    /// <summary><c>x Wᵀ + b</c> over the last axis.</summary>
    public Tensor Linear(Tensor x) => Packed(0, weight.shape[0])?.Linear(x) ?? Product(x, weight, bias);

    /// <summary>Rows <paramref name="start"/>.. of the map alone.</summary>
    public Tensor LinearRows(Tensor x, long start, long rows) =>
        Packed(start, rows)?.Linear(x) ?? Product(x, weight.narrow(0, start, rows), bias?.narrow(0, start, rows));

    /// <summary><c>gelu(x Wᵀ + b)</c>, the exact-erf GELU.</summary>
    public Tensor LinearGelu(Tensor x)
    {
        if (Packed(0, weight.shape[0]) is { } fast)
            return fast.LinearGelu(x);
        Tensor hidden = Product(x, weight, bias);
        // Without a graph the activation may overwrite its input: a quarter less memory traffic.
        return is_grad_enabled() ? hidden.gelu() : hidden.gelu_();
    }

    /// <summary><c>residual + x Wᵀ + b</c>.</summary>
    public Tensor LinearAdd(Tensor x, Tensor residual)
    {
        if (Packed(0, weight.shape[0]) is { } fast)
            return fast.LinearAdd(x, residual);
        Tensor branch = Product(x, weight, bias);
        // The branch is a fresh tensor whose own value no gradient needs: adding in place saves an allocation.
        return branch.dtype == residual.dtype ? branch.add_(residual) : residual + branch;
    }

    /// <summary>Keeps rows of the map in oneDNN's layout too, for forward passes without gradients. The weights must not change
    /// afterwards.</summary>
    /// <param name="packing">For which passes.</param>
    /// <param name="start">First row of the map.</param>
    /// <param name="count">Rows of the map; negative for all.</param>
    public void Pack(Packing packing, long start = 0, long count = -1)
    {
        if (count < 0)
            count = weight.shape[0];
        if (packed.Remove((start, count), out PackedLinear? before))
            before.Dispose();
        if (PackedLinear.TryOf(weight.narrow(0, start, count), bias?.narrow(0, start, count), packing) is { } part)
            packed[(start, count)] = part;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (PackedLinear part in packed.Values)
                part.Dispose();
            packed.Clear();
        }
        base.Dispose(disposing);
    }

    private Tensor Product(Tensor x, Tensor weight, Tensor? bias) =>
        training && Learning is { } type
            ? nn.functional.linear(x.to(type), weight.to(type), bias is null ? null! : bias.to(type))
            : nn.functional.linear(x, weight, bias!);

    private PackedLinear? Packed(long start, long rows) =>
        packed.Count > 0 && !is_grad_enabled() && packed.TryGetValue((start, rows), out PackedLinear? part) ? part : null;

    /// <summary>Convolution of <c>[B, C, H, W]</c>, padded so that a stride of 1 keeps the size.</summary>
    public Tensor Convolve(Tensor x, long stride = 1, long groups = 1)
    {
        long padding = weight.shape[2] / 2;
        return nn.functional.conv2d(x, weight, bias!, [stride, stride], [padding, padding], groups: groups);
    }

    /// <summary>LayerNorm over the last axis; without a bias RMSNorm.</summary>
    public Tensor Norm(Tensor x, double epsilon) =>
        training && x.dtype != weight.dtype ? Norm(x.to(weight.dtype), epsilon).to(x.dtype)
        : bias is null ? x * x.square().mean([-1], keepdim: true).add(epsilon).rsqrt() * weight
        : nn.functional.layer_norm(x, [weight.shape[0]], weight, bias, epsilon);
}
