// One transformer block.

using DataFreeKD.Models.Inference;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary><c>x + ls1·attn(norm1 x)</c>, then <c>x + ls2·mlp(norm2 x)</c>; with norms after, <c>x + norm1(attn x)</c>, then <c>x +
/// norm2(mlp x)</c>; with parallel branches <c>x + ls1·(attn(norm1 x) + mlp(norm1 x))</c>.</summary>
internal sealed class Block : nn.Module
{
    private readonly Affine norm1;
    private readonly Attention attn;
    private readonly LayerScale? ls1;
    private readonly Affine? norm2;
    private readonly Mlp mlp;
    private readonly LayerScale? ls2;
    private readonly double epsilon;
    private readonly bool postNorm;

    public Block(VitConfig config)
        : base(nameof(Block))
    {
        (epsilon, postNorm) = (config.LayerNormEpsilon, config.PostNorm);
        register_module(nameof(norm1), norm1 = new Affine([config.Width], !config.RmsNorm));
        register_module(nameof(attn), attn = new Attention(config));
        if (config.LayerScale)
            register_module(nameof(ls1), ls1 = new LayerScale(config.Width, config.LayerScaleInit));
        if (!config.ParallelBranches)
            register_module(nameof(norm2), norm2 = new Affine([config.Width], !config.RmsNorm));
        register_module(nameof(mlp), mlp = new Mlp(config));
        if (config.LayerScale && !config.ParallelBranches)
            register_module(nameof(ls2), ls2 = new LayerScale(config.Width, config.LayerScaleInit));
    }

    public Attention Attention => attn;

    public Mlp Mlp => mlp;

    public IEnumerable<Affine> Norms => norm2 is null ? [norm1] : [norm1, norm2];

    /// <summary>For inference alone, see <see cref="Affine.Pack"/>.</summary>
    /// <param name="packing">For which passes; a row is a token.</param>
    /// <param name="last">Whether it is the last block, whose queries are those of CLS.</param>
    public void Pack(Packing packing, bool last)
    {
        attn.Qkv.Pack(packing);
        if (last)
            attn.Qkv.Pack(packing, attn.Qkv.weight.shape[0] / 3, attn.Qkv.weight.shape[0] / 3 * 2);
        attn.Projection.Pack(packing);
        mlp.Pack(packing);
    }

    /// <summary>Output tokens <c>[B, queries, D]</c>, moved to the caller's dispose scope with the CLS row, where
    /// <paramref name="keepMap"/> the attention averaged over heads <c>[B, queries, T]</c> and, where <paramref name="keepParts"/>,
    /// queries, keys and values; everything else is freed here. Patches may be merged between attention and MLP.</summary>
    /// <inheritdoc cref="Attention.Forward"/>
    public BlockOutput Forward(Tensor x, long queries, int prefix, bool keepMap, bool keepParts, TokenMerging? merging = null)
    {
        using DisposeScope scope = NewDisposeScope();
        long tokens = x.shape[1];
        Tensor read = postNorm ? x : norm1.Norm(x, epsilon);
        (Tensor mixed, Tensor? row, Qkv parts) = attn.Forward(read, queries, prefix, merging?.Bias);
        if (row is not null && merging is not null)
            row = merging.Spread(row);
        if (queries != x.shape[1])
            (x, read) = (x.narrow(1, 0, queries), read.narrow(1, 0, queries));
        x =
            postNorm ? PostNormed(x, mixed)
            : norm2 is null ? Parallel(x, read, mixed)
            : PreNormed(x, mixed, norm2, queries == tokens ? merging : null, parts.Keys);
        if (keepMap || keepParts)
            parts = parts.To(x.dtype);
        if (keepParts)
            scope.MoveToOuter(parts.Queries, parts.Keys, parts.Values);
        if (keepParts && parts.Bias is { } bias)
            scope.MoveToOuter(bias);
        Tensor? map = keepMap ? scope.MoveToOuter(parts.MeanAttention()) : null;
        return new BlockOutput(x.MoveToOuterDisposeScope(), row?.MoveToOuterDisposeScope(), map, keepParts ? parts : null);
    }

    /// <summary>The residual stream with a branch added, scaled where the block has LayerScale.</summary>
    /// <param name="x">The stream.</param>
    /// <param name="branch">What attention or MLP gave.</param>
    /// <param name="second">Whether it is the MLP.</param>
    public Tensor AddBranch(Tensor x, Tensor branch, bool second) =>
        (second ? ls2 : ls1) is { } scale ? addcmul(x, branch.to(x.dtype), scale.gamma, 1.0)
        : training && branch.dtype != x.dtype ? x + branch
        : branch.add_(x);

    private Tensor Parallel(Tensor x, Tensor read, Tensor mixed) =>
        AddBranch(x, attn.Projection.Linear(mixed) + mlp.Forward(read), second: false);

    private Tensor PreNormed(Tensor x, Tensor mixed, Affine norm2, TokenMerging? merging, Tensor keys)
    {
        x = ls1 is null ? attn.Projection.LinearAdd(mixed, x) : AddBranch(x, attn.Projection.Linear(mixed), second: false);
        if (merging is not null)
            x = merging.Merge(x, keys.to(x.dtype));
        Tensor normed = norm2.Norm(x, epsilon);
        return ls2 is null ? mlp.Forward(normed, x) : AddBranch(x, mlp.Forward(normed), second: true);
    }

    private Tensor PostNormed(Tensor x, Tensor mixed)
    {
        x = x + norm1.Norm(attn.Projection.Linear(mixed).to(x.dtype), epsilon);
        return x + norm2!.Norm(mlp.Forward(x).to(x.dtype), epsilon);
    }
}
