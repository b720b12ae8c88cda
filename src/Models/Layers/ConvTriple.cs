// Three convolutions with GELU between: TinyViT's MBConv and its step between stages.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>1×1 to more channels, depthwise 3×3, 1×1, each with BatchNorm (Sandler et al., CVPR 2018).</summary>
internal sealed class ConvTriple : nn.Module
{
    private readonly ConvNorm conv1;
    private readonly ConvNorm conv2;
    private readonly ConvNorm conv3;
    private readonly bool residual;

    /// <param name="input">Channels in.</param>
    /// <param name="inner">Channels between.</param>
    /// <param name="output">Channels out.</param>
    /// <param name="stride">Of the depthwise convolution; with 1 the input is added and a GELU ends the block.</param>
    public ConvTriple(int input, int inner, int output, int stride)
        : base(nameof(ConvTriple))
    {
        residual = stride == 1;
        register_module(nameof(conv1), conv1 = new ConvNorm(input, inner, 1));
        register_module(nameof(conv2), conv2 = new ConvNorm(inner, inner, 3, stride, inner));
        register_module(nameof(conv3), conv3 = new ConvNorm(inner, output, 1));
    }

    /// <summary>The norm that ends the residual branch; null where there is none.</summary>
    public BatchNorm? Last => residual ? conv3.Norm : null;

    /// <summary>A map <c>[B, C, H, W]</c>, moved to the caller's dispose scope.</summary>
    public Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor branch = conv3.Forward(conv2.Forward(conv1.Forward(x).gelu()).gelu());
        return (residual ? (branch + x).gelu() : branch).MoveToOuterDisposeScope();
    }
}
