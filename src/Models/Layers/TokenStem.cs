// The two stems of a Co-advise student: patch tokens by convolution and by involution.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>A stem at half the resolution, then a projection that makes one token of each patch.</summary>
/// <remarks>Ren et al., "Co-advise", CVPR 2022; tensor names of the official code: <c>conv</c> or <c>stem</c>, and <c>proj</c>.</remarks>
internal sealed class TokenStem : nn.Module
{
    private const int Channels = 64;

    private readonly ConvolutionStem? conv;
    private readonly InvolutionStem? stem;
    private readonly Affine proj;
    private readonly long step;

    /// <param name="config">Patch size (even) and width.</param>
    /// <param name="involution">RedNet's stem; else three convolutions.</param>
    public TokenStem(VitConfig config, bool involution)
        : base(nameof(TokenStem))
    {
        step = config.PatchSize / 2;
        if (involution)
            register_module(nameof(stem), stem = new InvolutionStem(Channels, 2));
        else
            register_module(nameof(conv), conv = new ConvolutionStem());
        register_module(nameof(proj), proj = new Affine([config.Width, Channels, step, step]));
    }

    /// <summary>Multiply-accumulates of one patch.</summary>
    public static long MacsPerPatch(VitConfig config, bool involution)
    {
        long positions = (long)config.PatchSize * config.PatchSize / 4,
            half = Channels / 2;
        long before = involution
            ? (27 * half) + Involution.MacsPerPosition((int)half, 3) + (9 * half * Channels)
            : (147 * Channels) + (18 * Channels * Channels);
        return positions * (before + (Channels * config.Width));
    }

    /// <summary>Pixels <c>[B, 3, S, S]</c> to tokens <c>[B, N, D]</c>, moved to the caller's dispose scope.</summary>
    public Tensor Forward(Tensor pixels)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor map = conv?.Forward(pixels) ?? stem!.Forward(pixels);
        return nn.functional.conv2d(map, proj.weight, proj.bias!, [step, step]).flatten(2).transpose(1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>7×7 with stride 2, then twice 3×3, each with BatchNorm and ReLU.</summary>
    private sealed class ConvolutionStem : nn.Module
    {
        private readonly Affine[] convolutions = new Affine[3];
        private readonly BatchNorm[] norms = new BatchNorm[3];

        public ConvolutionStem()
            : base(nameof(ConvolutionStem))
        {
            // Numbered as the sequence of the official code, in which every third is a ReLU.
            for (int i = 0; i < 3; i++)
            {
                long kernel = i == 0 ? 7 : 3;
                register_module(
                    $"{3 * i}",
                    convolutions[i] = new Affine([Channels, i == 0 ? 3 : Channels, kernel, kernel], withBias: false)
                );
                register_module($"{(3 * i) + 1}", norms[i] = new BatchNorm(Channels));
            }
        }

        public Tensor Forward(Tensor x)
        {
            for (int i = 0; i < 3; i++)
                x = norms[i].Norm(convolutions[i].Convolve(x, i == 0 ? 2 : 1)).relu_();
            return x;
        }
    }
}
