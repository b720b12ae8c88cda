// Pooling by one learned query (SigLIP).

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Attention of a latent query to the patch tokens, then a residual MLP. Tensor names are those of timm's
/// <c>AttentionPoolLatent</c>.</summary>
/// <remarks>Zhai et al., "Scaling Vision Transformers", CVPR 2022.</remarks>
internal sealed class LatentPool : nn.Module
{
    private readonly Parameter latent;
    private readonly Affine q;
    private readonly Affine kv;
    private readonly Affine proj;
    private readonly Affine norm;
    private readonly Mlp mlp;
    private readonly int heads;
    private readonly double epsilon;

    public LatentPool(VitConfig config)
        : base(nameof(LatentPool))
    {
        (heads, epsilon) = (config.PoolHeads > 0 ? config.PoolHeads : config.Heads, config.LayerNormEpsilon);
        register_parameter(nameof(latent), latent = Weight.Of(zeros(1, 1, config.Width)));
        register_module(nameof(q), q = new Affine([config.Width, config.Width]));
        register_module(nameof(kv), kv = new Affine([2L * config.Width, config.Width]));
        register_module(nameof(proj), proj = new Affine([config.Width, config.Width]));
        register_module(nameof(norm), norm = new Affine([config.Width]));
        register_module(nameof(mlp), mlp = new Mlp(config));
    }

    /// <summary>Tokens <c>[B, N, D]</c> to the pooled token <c>[B, 1, D]</c>, and where wanted the query's attention <c>[B, H, N]</c>; both
    /// move to the caller's dispose scope.</summary>
    public (Tensor Pooled, Tensor? Row) Forward(Tensor x, bool keepRow)
    {
        using DisposeScope scope = NewDisposeScope();
        long batch = x.shape[0],
            tokens = x.shape[1],
            width = x.shape[2],
            head = width / heads;
        Tensor query = q.Linear(latent.expand(batch, -1, -1)).view(batch, 1, heads, head).transpose(1, 2);
        Tensor[] parts = kv.Linear(x).view(batch, tokens, 2, heads, head).permute(2, 0, 3, 1, 4).unbind(0);
        Tensor attention = matmul(query.mul(1 / Math.Sqrt(head)), parts[0].transpose(2, 3)).softmax(-1);
        Tensor mixed = proj.Linear(matmul(attention, parts[1]).transpose(1, 2).reshape(batch, 1, width));
        Tensor pooled = mixed + mlp.Forward(norm.Norm(mixed, epsilon));
        return (pooled.MoveToOuterDisposeScope(), keepRow ? attention.squeeze(2).MoveToOuterDisposeScope() : null);
    }
}
