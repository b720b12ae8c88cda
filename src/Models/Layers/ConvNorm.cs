// A convolution without bias, then batch normalisation.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Holds <c>conv</c> and <c>bn</c>.</summary>
internal sealed class ConvNorm : nn.Module
{
    private readonly Affine conv;
    private readonly BatchNorm bn;
    private readonly long stride;
    private readonly long groups;

    /// <param name="input">Channels in.</param>
    /// <param name="output">Channels out.</param>
    /// <param name="kernel">Side of the kernel, odd.</param>
    /// <param name="stride">Step between positions.</param>
    /// <param name="groups">Groups of channels; <paramref name="input"/> for a depthwise convolution.</param>
    public ConvNorm(long input, long output, long kernel, long stride = 1, long groups = 1)
        : base(nameof(ConvNorm))
    {
        (this.stride, this.groups) = (stride, groups);
        register_module(nameof(conv), conv = new Affine([output, input / groups, kernel, kernel], withBias: false));
        register_module(nameof(bn), bn = new BatchNorm(output));
    }

    public BatchNorm Norm => bn;

    /// <summary><c>[B, C, H, W]</c> to <c>[B, output, H/stride, W/stride]</c>.</summary>
    public Tensor Forward(Tensor x) => bn.Norm(conv.Convolve(x, stride, groups));
}
