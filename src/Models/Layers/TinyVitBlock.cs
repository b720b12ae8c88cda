// One block of TinyViT: windowed attention, a depthwise convolution between, an MLP.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Over maps <c>[B, H, W, C]</c>, channels last as the linear maps want them.</summary>
internal sealed class TinyVitBlock : nn.Module
{
    private readonly WindowAttention attn;
    private readonly NormMlp mlp;
    private readonly ConvNorm local_conv;
    private readonly int window;

    public TinyVitBlock(int width, int heads, int window)
        : base(nameof(TinyVitBlock))
    {
        this.window = window;
        register_module(nameof(attn), attn = new WindowAttention(width, heads, window));
        register_module(nameof(mlp), mlp = new NormMlp(width, 4 * width));
        register_module(nameof(local_conv), local_conv = new ConvNorm(width, width, 3, groups: width));
    }

    /// <summary>The map, moved to the caller's dispose scope; everything else is freed here.</summary>
    public Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        x = x + Attend(x);
        x = local_conv.Forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1);
        return (x + mlp.Forward(x)).MoveToOuterDisposeScope();
    }

    // Zeros are added below and to the right until windows fit, and attend like any position, as in the published model.
    private Tensor Attend(Tensor x)
    {
        long batch = x.shape[0],
            height = x.shape[1],
            width = x.shape[2],
            channels = x.shape[3];
        long rows = (height + window - 1) / window,
            columns = (width + window - 1) / window,
            tall = rows * window,
            wide = columns * window;
        if (tall != height || wide != width)
            x = nn.functional.pad(x, [0, 0, 0, wide - width, 0, tall - height]);
        Tensor windows = x.reshape(batch, rows, window, columns, window, channels)
            .transpose(2, 3)
            .reshape(batch * rows * columns, window * window, channels);
        Tensor attended = attn.Forward(windows)
            .view(batch, rows, columns, window, window, channels)
            .transpose(2, 3)
            .reshape(batch, tall, wide, channels);
        return attended.narrow(1, 0, height).narrow(2, 0, width);
    }

    /// <summary>LayerNorm, then the usual MLP with exact GELU.</summary>
    private sealed class NormMlp : nn.Module
    {
        private readonly Affine norm;
        private readonly Affine fc1;
        private readonly Affine fc2;

        public NormMlp(int width, int hidden)
            : base(nameof(NormMlp))
        {
            register_module(nameof(norm), norm = new Affine([width]));
            register_module(nameof(fc1), fc1 = new Affine([hidden, width]));
            register_module(nameof(fc2), fc2 = new Affine([width, hidden]));
        }

        public Tensor Forward(Tensor x) => fc2.Linear(fc1.Linear(norm.Norm(x, 1e-5)).gelu());
    }
}
