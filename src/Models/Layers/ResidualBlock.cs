// The residual blocks of ResNet and RedNet under torchvision's names.

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Two 3×3 convolutions, or 1×1, 3×3 (or involution), 1×1. The stride is on the first 3×3.</summary>
internal sealed class ResidualBlock : nn.Module
{
    private readonly Affine conv1;
    private readonly BatchNorm bn1;
    private readonly Affine? conv2;
    private readonly Involution? involution;
    private readonly BatchNorm bn2;
    private readonly Affine? conv3;
    private readonly BatchNorm? bn3;
    private readonly ModuleList<nn.Module>? downsample;
    private readonly long stride;

    public ResidualBlock(ResNetConfig config, long input, long inner, long stride)
        : base(nameof(ResidualBlock))
    {
        this.stride = stride;
        long output = config.Bottleneck ? 4 * inner : inner;
        register_module(
            nameof(conv1),
            conv1 = new Affine(config.Bottleneck ? [inner, input, 1, 1] : [inner, input, 3, 3], withBias: false)
        );
        register_module(nameof(bn1), bn1 = new BatchNorm(inner));
        if (config.Involution)
            register_module(nameof(conv2), involution = new Involution((int)inner, 7, stride));
        else
            register_module(nameof(conv2), conv2 = new Affine([inner, inner, 3, 3], withBias: false));
        register_module(nameof(bn2), bn2 = new BatchNorm(inner));
        if (config.Bottleneck)
        {
            register_module(nameof(conv3), conv3 = new Affine([output, inner, 1, 1], withBias: false));
            register_module(nameof(bn3), bn3 = new BatchNorm(output));
        }
        if (stride != 1 || input != output)
        {
            downsample = [new Affine([output, input, 1, 1], withBias: false), new BatchNorm(output)];
            register_module(nameof(downsample), downsample);
        }
        Output = output;
    }

    /// <summary>Channels that come out.</summary>
    public long Output { get; }

    /// <summary>The last norm, which a fresh network starts at 0 so that every block begins as the identity.</summary>
    public BatchNorm Last => bn3 ?? bn2;

    /// <summary><c>[B, C, H, W]</c> to <c>[B, output, H/stride, W/stride]</c>, moved to the caller's dispose scope.</summary>
    public Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor branch = bn1.Norm(conv1.Convolve(x, conv3 is null ? stride : 1)).relu_();
        branch = involution is null ? conv2!.Convolve(branch, conv3 is null ? 1 : stride) : involution.Forward(branch);
        branch = bn2.Norm(branch);
        if (conv3 is not null)
            branch = bn3!.Norm(conv3.Convolve(branch.relu_()));
        Tensor shortcut = downsample is null ? x : ((BatchNorm)downsample[1]).Norm(((Affine)downsample[0]).Convolve(x, stride));
        return branch.add_(shortcut).relu_().MoveToOuterDisposeScope();
    }
}
