// The feed-forward branch: an activation, or SwiGLU packed in one matrix (DINOv2 giant).

using DataFreeKD.Models.Inference;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary><c>fc2(act(fc1 x))</c>, or <c>fc2(silu(a) · b)</c> with <c>[a | b] = fc1 x</c>.</summary>
internal sealed class Mlp : nn.Module
{
    private readonly Affine fc1;
    private readonly Affine fc2;
    private readonly Affine? norm;
    private readonly double epsilon;
    private readonly bool gated;
    private readonly Activation activation;

    public Mlp(VitConfig config)
        : base(nameof(Mlp))
    {
        (gated, activation, epsilon) = (config.SwiGlu, config.Activation, config.LayerNormEpsilon);
        fc1 = new Affine([(gated ? 2L : 1L) * config.MlpHidden, config.Width], config.ProjectionBias);
        fc2 = new Affine([config.Width, config.MlpHidden], config.ProjectionBias);
        register_module(nameof(fc1), fc1);
        if (config.MlpNorm)
            register_module(nameof(norm), norm = new Affine([config.MlpHidden], !config.RmsNorm));
        register_module(nameof(fc2), fc2);
    }

    public Affine First => fc1;

    public Affine Second => fc2;

    /// <summary>For inference alone, see <see cref="Affine.Pack"/>.</summary>
    public void Pack(Packing packing)
    {
        fc1.Pack(packing);
        fc2.Pack(packing);
    }

    public Tensor Forward(Tensor x) => fc2.Linear(Hidden(x));

    /// <summary>With the residual added.</summary>
    public Tensor Forward(Tensor x, Tensor residual) => fc2.LinearAdd(Hidden(x), residual);

    private Tensor Hidden(Tensor x)
    {
        if (gated || norm is not null)
            return Activate(fc1.Linear(x));
        return activation == Activation.Gelu ? fc1.LinearGelu(x) : activation.Apply(fc1.Linear(x));
    }

    /// <summary>The units after their activation, <c>[B, T, M]</c>; what they were before it is not changed.</summary>
    public Tensor Activate(Tensor hidden)
    {
        if (!gated)
            return Normed(activation == Activation.Gelu ? hidden.gelu() : activation.Apply(hidden));
        Tensor[] halves = hidden.chunk(2, -1);
        return Normed(nn.functional.silu(halves[0]) * halves[1]);
    }

    private Tensor Normed(Tensor units) => norm is null ? units : norm.Norm(units, epsilon);
}
