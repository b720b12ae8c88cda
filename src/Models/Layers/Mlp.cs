// The feed-forward branch: GELU, or SwiGLU packed in one matrix (DINOv2 giant).

using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary><c>fc2(gelu(fc1 x))</c> with the exact-erf GELU, or <c>fc2(silu(a) · b)</c> with <c>[a | b] = fc1 x</c>.</summary>
internal sealed class Mlp : nn.Module
{
    private readonly Affine fc1;
    private readonly Affine fc2;
    private readonly bool gated;

    public Mlp(VitConfig config) : base(nameof(Mlp))
    {
        gated = config.SwiGlu;
        fc1 = new Affine([(gated ? 2L : 1L) * config.MlpHidden, config.Width]);
        fc2 = new Affine([config.Width, config.MlpHidden]);
        register_module(nameof(fc1), fc1);
        register_module(nameof(fc2), fc2);
    }

    public Affine First => fc1;

    public Affine Second => fc2;

    public Tensor Forward(Tensor x)
    {
        Tensor hidden = fc1.Linear(x);
        if (gated)
        {
            Tensor[] halves = hidden.chunk(2, -1);
            return fc2.Linear(nn.functional.silu(halves[0]) * halves[1]);
        }
        // Without a graph the activation may overwrite its input: a quarter less memory traffic.
        return fc2.Linear(is_grad_enabled() ? hidden.gelu() : hidden.gelu_());
    }
}
