// Attention inside square windows with a learned bias for each distance.

using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Pre-normed attention over the tokens of a window; <c>attention_biases [heads, w²]</c> holds a bias for each pair of absolute
/// offsets (LeViT's scheme).</summary>
internal sealed class WindowAttention : nn.Module
{
    public Parameter attention_biases;
    public Tensor attention_bias_idxs;
    private readonly Affine norm;
    private readonly Affine qkv;
    private readonly Affine proj;
    private readonly int heads;

    public WindowAttention(int width, int heads, int window)
        : base(nameof(WindowAttention))
    {
        this.heads = heads;
        register_module(nameof(norm), norm = new Affine([width]));
        register_module(nameof(qkv), qkv = new Affine([3L * width, width]));
        register_module(nameof(proj), proj = new Affine([width, width]));
        register_parameter(nameof(attention_biases), attention_biases = Weight.Of(zeros(heads, window * window)));
        // Not persistent: it follows from the window.
        register_buffer(nameof(attention_bias_idxs), attention_bias_idxs = Offsets(window).DetachFromDisposeScope(), persistent: false);
    }

    /// <summary>Tokens <c>[B·windows, w², D]</c> to the same shape.</summary>
    public Tensor Forward(Tensor x)
    {
        long batch = x.shape[0],
            tokens = x.shape[1],
            width = x.shape[2],
            head = width / heads;
        // Queries, keys and values stand together for each head, unlike in a ViT.
        Tensor[] parts = qkv.Linear(norm.Norm(x, 1e-5)).view(batch, tokens, heads, 3, head).permute(3, 0, 2, 1, 4).unbind(0);
        Tensor bias = attention_biases.index_select(1, attention_bias_idxs).view(1, heads, tokens, tokens);
        Tensor mixed = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], bias);
        return proj.Linear(mixed.transpose(1, 2).reshape(batch, tokens, width));
    }

    // [w²·w²]: |Δrow|·w + |Δcolumn| of every pair of positions.
    private static Tensor Offsets(int window)
    {
        int tokens = window * window;
        long[] offsets = new long[tokens * tokens];
        for (int a = 0; a < tokens; a++)
        {
            for (int b = 0; b < tokens; b++)
                offsets[(a * tokens) + b] = (Math.Abs((a / window) - (b / window)) * window) + Math.Abs((a % window) - (b % window));
        }
        return tensor(offsets);
    }
}
