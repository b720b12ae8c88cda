// Involution: every position makes its own kernel, shared by the channels of a group.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Kernels by 1×1 reduction to a quarter, BatchNorm, ReLU, 1×1 to K²·G; groups of 16 channels.</summary>
/// <remarks>Li et al., CVPR 2021, equations 4–6; tensor names of the official code.</remarks>
internal sealed class Involution : nn.Module
{
    private const int Reduction = 4,
        GroupChannels = 16;

    private readonly ConvNorm conv1;
    private readonly Span conv2;
    private readonly int kernel;
    private readonly int groups;
    private readonly long stride;

    public Involution(int channels, int kernel, long stride)
        : base(nameof(Involution))
    {
        (this.kernel, this.stride, groups) = (kernel, stride, Groups(channels));
        register_module(nameof(conv1), conv1 = new ConvNorm(channels, channels / Reduction, 1));
        register_module(nameof(conv2), conv2 = new Span(kernel * kernel * groups, channels / Reduction));
    }

    /// <summary>Multiply-accumulates of one output position: making the kernel and applying it.</summary>
    public static long MacsPerPosition(int channels, int kernel)
    {
        long reduced = channels / Reduction,
            taps = kernel * kernel;
        return (channels * reduced) + (reduced * taps * Groups(channels)) + (taps * channels);
    }

    /// <summary><c>[B, C, H, W]</c> to <c>[B, C, H/stride, W/stride]</c>.</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor source = stride == 1 ? x : nn.functional.avg_pool2d(x, stride, stride);
        Tensor kernels = conv2.Forward(conv1.Forward(source).relu_());
        return Apply(x, kernels, kernel, groups, stride);
    }

    /// <summary>The sum over the window of each position, weighted by that position's kernel; zeros outside the map.</summary>
    /// <param name="x">Map <c>[B, C, H, W]</c>.</param>
    /// <param name="kernels">Kernels <c>[B, G·K², h, w]</c>, groups slowest.</param>
    /// <param name="kernel">K, odd.</param>
    /// <param name="groups">G; divides C.</param>
    /// <param name="stride">Step between positions.</param>
    public static Tensor Apply(Tensor x, Tensor kernels, int kernel, int groups, long stride) =>
        is_grad_enabled() && (x.requires_grad || kernels.requires_grad)
            ? InvolutionFunction.apply(x, kernels, kernel, groups, stride)
            : new InvolutionWindows(x, kernels, kernel, groups, stride).Sum();

    // A narrow network has fewer channels than a group.
    private static int Groups(int channels) => Math.Max(1, channels / GroupChannels);

    /// <summary>The 1×1 map to kernels, a convolution with bias.</summary>
    private sealed class Span : nn.Module
    {
        private readonly Affine conv;

        public Span(long output, long input)
            : base(nameof(Span)) => register_module(nameof(conv), conv = new Affine([output, input, 1, 1]));

        public Tensor Forward(Tensor x) => conv.Convolve(x);
    }
}
