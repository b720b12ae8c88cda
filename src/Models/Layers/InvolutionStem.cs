// The stem of a RedNet: convolution, involution, convolution.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>The official code's <c>stem</c>: 3×3 to half the width, involution of 3×3, BatchNorm, ReLU, 3×3 to the width, each convolution
/// with BatchNorm and ReLU.</summary>
internal sealed class InvolutionStem : nn.Module
{
    private readonly ConvNorm first;
    private readonly Involution involution;
    private readonly BatchNorm norm;
    private readonly ConvNorm last;

    public InvolutionStem(int width, long stride)
        : base(nameof(InvolutionStem))
    {
        // Numbered as the sequence of the official code, in which 3 is a ReLU.
        register_module("0", first = new ConvNorm(3, width / 2, 3, stride));
        register_module("1", involution = new Involution(width / 2, 3, 1));
        register_module("2", norm = new BatchNorm(width / 2));
        register_module("4", last = new ConvNorm(width / 2, width, 3));
    }

    /// <summary>Pixels <c>[B, 3, S, S]</c> to <c>[B, width, S/stride, S/stride]</c>.</summary>
    public Tensor Forward(Tensor pixels) => last.Forward(norm.Norm(involution.Forward(first.Forward(pixels).relu_())).relu_()).relu_();
}
