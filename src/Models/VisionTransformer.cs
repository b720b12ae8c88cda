// The Vision Transformer itself.

using DataFreeKD.Models.Inference;
using DataFreeKD.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;

namespace DataFreeKD.Models;

/// <summary>A ViT of timm's family (ViT, DeiT, DeiT-distilled, DeiT-III, DINOv2 with registers, DINOv3, EVA and EVA-02, AIMv2, CLIP's and
/// SigLIP's image towers, average-pooled ones). Parameter names are timm's.</summary>
/// <remarks>Dosovitskiy et al., ICLR 2021; the distillation token is of Touvron et al., ICML 2021; registers of Darcet et al., ICLR
/// 2024.</remarks>
public sealed class VisionTransformer : ImageModel
{
    // Fields bear the registered names: TorchSharp re-seats them by name when the module moves to another device.
    private readonly Parameter? cls_token;
    private readonly Parameter? reg_token;
    private readonly Parameter? pos_embed;
    private readonly Parameter? dist_token;
    private readonly PatchEmbed? patch_embed;
    private readonly TokenStem? conv_embed;
    private readonly TokenStem? inv_embed;
    private readonly Affine? norm_pre;
    private readonly ModuleList<Block> blocks;
    private readonly Affine? norm;
    private readonly LatentPool? attn_pool;
    private readonly Affine? fc_norm;
    private readonly Affine? head;
    private readonly Affine? head_dist;
    private readonly Affine? head_conv;
    private readonly Affine? head_inv;

    /// <summary>Builds a randomly initialised model (trunc-normal 0.02 as timm) from <paramref name="seed"/>.</summary>
    /// <exception cref="ModelException">The shape cannot be built.</exception>
    public VisionTransformer(VitConfig config, long seed = 0)
        : this(config) => WeightInit.Randomise(this, seed);

    private VisionTransformer(VitConfig config)
        : base(nameof(VisionTransformer))
    {
        Config = config.Validated();
        int width = config.Width;
        if (config.ClassToken)
            register_parameter(nameof(cls_token), cls_token = Token(1));
        if (config.RegisterTokens > 0)
            register_parameter(nameof(reg_token), reg_token = Token(config.RegisterTokens));
        if (config.LearnedPositions)
            register_parameter(nameof(pos_embed), pos_embed = Token(config.EmbeddedTokens));
        if (config.Distilled)
            register_parameter(nameof(dist_token), dist_token = Token(1));
        if (config.CrossBias)
        {
            register_module(nameof(conv_embed), conv_embed = new TokenStem(config, involution: false));
            register_module(nameof(inv_embed), inv_embed = new TokenStem(config, involution: true));
        }
        else
        {
            register_module(nameof(patch_embed), patch_embed = new PatchEmbed(config));
        }
        if (config.PreNorm)
            register_module(nameof(norm_pre), norm_pre = new Affine([width], !config.RmsNorm));
        blocks = [];
        for (int b = 0; b < config.Depth; b++)
            blocks.Add(new Block(config));
        register_module(nameof(blocks), blocks);
        if (!config.FcNorm && config.FinalNorm)
            register_module(nameof(norm), norm = new Affine([width], !config.RmsNorm));
        if (config.Pooling == Pooling.Map)
            register_module(nameof(attn_pool), attn_pool = new LatentPool(config));
        if (config.FcNorm)
            register_module(nameof(fc_norm), fc_norm = new Affine([width], !config.RmsNorm));
        if (config.Classes > 0)
            register_module(nameof(head), head = new Affine([config.Classes, config.Features]));
        if (config.Classes > 0 && config.Distilled)
            register_module(nameof(head_dist), head_dist = new Affine([config.Classes, width]));

        if (config.Classes > 0 && config.CrossBias)
        {
            register_module(nameof(head_conv), head_conv = new Affine([config.Classes, width]));
            register_module(nameof(head_inv), head_inv = new Affine([config.Classes, width]));
        }

        Parameter Token(int tokens) => Weight.Of(torch.zeros(1, tokens, width));
    }

    /// <summary>A model whose weights are about to be overwritten: nothing is drawn.</summary>
    internal static VisionTransformer Uninitialised(VitConfig config) => new(config);

    /// <summary>The architecture.</summary>
    public override VitConfig Config { get; }

    /// <summary>The heads, in the order of <see cref="ModelOutput.HeadEmbeddings"/>; none of a model without classes. Logits are the mean
    /// over them.</summary>
    public IReadOnlyList<LinearHead> LinearHeads =>
        [.. new[] { head, head_dist, head_conv, head_inv }.OfType<Affine>().Select(affine => new LinearHead(affine.weight, affine.bias!))];

    internal IEnumerable<Block> Blocks => blocks;

    /// <summary>The blocks, each to be taken step by step.</summary>
    /// <exception cref="ModelException">They have their norms after or inside their branches, parallel branches or relative position
    /// biases, so that their steps are others.</exception>
    internal IReadOnlyList<VitBlock> Steps =>
        Config.RelativeBias || Config.ParallelBranches
            ? throw new ModelException(
                $"the blocks of {Config.Name} have {(Config.RelativeBias ? "relative position biases" : "parallel branches")} and cannot be taken step by step"
            )
        : Config.AttentionNorm || Config.MlpNorm
            ? throw new ModelException($"the blocks of {Config.Name} have norms inside their branches and cannot be taken step by step")
        : Config.PostNorm
            ? throw new ModelException(
                $"the blocks of {Config.Name} have their norms after their branches and cannot be taken step by step"
            )
        : [.. blocks.Select(block => new VitBlock(block, Config.LayerNormEpsilon))];

    /// <summary>What enters the first block: tokens <c>[B, T, D]</c> of normalised pixels <c>[B, 3, S, S]</c>, positions added.</summary>
    /// <exception cref="ArgumentException">The pixels do not fit the model.</exception>
    public torch.Tensor Tokens(torch.Tensor pixels)
    {
        Check(pixels, ModelCapture.None);
        return Embed(pixels, ModelCapture.None);
    }

    /// <summary>Logits and embeddings of what left the last block, <c>[B, T, D]</c>.</summary>
    public ModelOutput Classify(torch.Tensor tokens)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return Head(tokens, ModelCapture.None, new Kept(), scope);
    }

    /// <summary>Logits, embedding and captures.</summary>
    /// <param name="pixels">Normalised pixels <c>[B, 3, S, S]</c>, float32, on the model's device.</param>
    /// <param name="capture">What to keep beside the logits.</param>
    /// <exception cref="ArgumentException">The pixels' shape, a block number or the dropout does not fit the model.</exception>
    public override ModelOutput Run(torch.Tensor pixels, ModelCapture capture)
    {
        Check(pixels, capture);
        using DisposeScope scope = torch.NewDisposeScope();
        Kept kept = new();
        return Head(Through(Embed(pixels, capture), 0, Config.Depth, capture, kept, scope), capture, kept, scope);
    }

    /// <summary>The first blocks alone: what <see cref="RunRest"/> goes on from.</summary>
    /// <param name="pixels">As for <see cref="Run"/>.</param>
    /// <param name="count">Blocks, 1 to one less than the depth.</param>
    /// <param name="clsRowBlocks">Blocks whose CLS-to-patch row is wanted; those not among the first are passed over.</param>
    internal VitPartial RunFirst(torch.Tensor pixels, int count, IReadOnlyList<int> clsRowBlocks)
    {
        ModelCapture capture = new() { ClsRowBlocks = clsRowBlocks };
        Check(pixels, capture);
        if (count < 1 || count >= Config.Depth)
            throw new ArgumentOutOfRangeException(nameof(count), $"{count} blocks are not in 1–{Config.Depth - 1}");
        using DisposeScope scope = torch.NewDisposeScope();
        Kept kept = new();
        torch.Tensor tokens = Through(Embed(pixels, capture), 0, count, capture, kept, scope);
        return new VitPartial(scope.MoveToOuter(tokens), count, kept.Rows);
    }

    /// <summary>The blocks that <see cref="RunFirst"/> left, of all of its images or of some (<see cref="VitPartial.Select"/>).</summary>
    /// <param name="partial">Not changed.</param>
    /// <param name="clsRowBlocks">As they were given to <see cref="RunFirst"/>; the output has the rows of all of them.</param>
    internal ModelOutput RunRest(VitPartial partial, IReadOnlyList<int> clsRowBlocks)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Kept kept = new();
        // A copy, since a pass frees what it came from.
        torch.Tensor tokens = Through(
            partial.Tokens.alias(),
            partial.Blocks,
            Config.Depth,
            new ModelCapture { ClsRowBlocks = clsRowBlocks },
            kept,
            scope
        );
        foreach ((int block, torch.Tensor row) in partial.ClsRows)
            kept.Rows[block] = row;
        return Head(tokens, ModelCapture.None, kept, scope);
    }

    /// <summary>
    /// Keeps the blocks' weights in oneDNN's layout too, for forward passes without gradients on the CPU: faster by a tenth to a fifth, for
    /// as much memory again as the weights take.
    /// They must not change afterwards. Without oneDNN, and on other devices, nothing happens.
    /// </summary>
    /// <param name="batch">Images that a pass has, about.</param>
    /// <param name="precision">What the maps are computed in.</param>
    /// <exception cref="ModelException">bfloat16 is not to be had here.</exception>
    public void PackForInference(int batch, Precision precision = Precision.Float32)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        if (
            precision == Precision.BFloat16
            && (OneDnn.Operators is not { BFloat16: true } || blocks[0].Attention.Qkv.weight.device_type != DeviceType.CPU)
        )
            throw new ModelException("bfloat16 needs a CPU with AVX-512 and a libtorch with oneDNN; compute in float32");
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long rows = (long)batch * (Config.Patches + Config.PrefixTokens);
        for (int b = 0; b < Config.Depth; b++)
            blocks[b].Pack(new Packing(rows, precision), b == Config.Depth - 1);
        patch_embed?.Pack(new Packing((long)batch * Config.Patches, precision));
    }

    /// <summary>The same weights for another input size: the position embedding is resampled as timm does, the rest is copied.</summary>
    /// <param name="imageSize">Input side, pixels; a multiple of the patch size.</param>
    /// <exception cref="ModelException">It is no multiple of the patch size, or the network has relative position biases, which are of one
    /// size.</exception>
    public override VisionTransformer WithImageSize(int imageSize)
    {
        if (Config.RelativeBias && imageSize != Config.ImageSize)
            throw new ModelException(
                $"image size is {imageSize}: the model's relative position biases are of {Config.ImageSize}×{Config.ImageSize} pixels and are not resampled; leave the size out"
            );
        if (imageSize % Config.PatchSize != 0)
            throw new ModelException($"image size is {imageSize}: must be a multiple of the model's patches of {Config.PatchSize} pixels");
        VisionTransformer other = Uninitialised(Config with { ImageSize = imageSize });
        CopyTo(other, (name, source) =>
            name == nameof(pos_embed)
                ? PositionEmbedding.Resample(source, Config.EmbeddedPrefix, other.Config.Grid, other.Config.Grid)
                : source
        );
        return other;
    }

    /// <summary>Position embedding and prefix tokens are spared.</summary>
    public override bool SparedByDecay(string name) =>
        name is nameof(pos_embed) or nameof(cls_token) or nameof(dist_token) or nameof(reg_token) or "attn_pool.latent"
        || name.EndsWith(".relative_position_bias_table", StringComparison.Ordinal)
        || name.EndsWith(".rope_freqs", StringComparison.Ordinal);

    internal override void Randomise(long seed) => WeightInit.Randomise(this, seed);

    /// <summary>Why a network of this shape cannot merge patches; null where it can.</summary>
    public static string? WhyNotMerged(VitConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Pooling != Pooling.Token ? "its head reads the mean of the patches"
            : config.Rotary is not null || config.RelativeBias ? "attention reads where each of them is"
            : config.PostNorm || config.ParallelBranches ? "nothing lies between attention and MLP"
            : config.CrossBias ? "its tokens are made from all of them"
            : null;
    }

    private string? WhyNotMerged(ModelCapture capture) =>
        WhyNotMerged(Config)
        ?? (
            capture.HiddenBlocks.Count + capture.QkvBlocks.Count + capture.AttentionBlocks.Count > 0 || capture.NormedTokens
                ? "all of them are asked for"
                : null
        );

    private long HeadTokens =>
        Config.CrossBias ? 3
        : Config.Distilled ? 2
        : 1;

    // [B, 3, S, S] to [B, prefix + K, D] with positions added and, in training, patches dropped.
    private torch.Tensor Embed(torch.Tensor pixels, ModelCapture capture)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long batch = pixels.shape[0],
            width = Config.Width;
        int embedded = Config.EmbeddedPrefix;
        (torch.Tensor patches, torch.Tensor[] aligned) = Patches(pixels);
        if (pos_embed is not null)
            patches = patches.add_(pos_embed.narrow(1, embedded, Config.Patches));
        if (KeptIndices(batch, capture) is { } kept)
        {
            patches = patches.gather(1, kept.unsqueeze(-1).expand(batch, kept.shape[1], width));
        }
        List<torch.Tensor> tokens = [];
        if (cls_token is not null)
            tokens.Add(cls_token);
        if (dist_token is not null)
            tokens.Add(dist_token);
        if (reg_token is not null)
            tokens.Add(reg_token);
        if (tokens.Count == 0)
            return (norm_pre is null ? patches : norm_pre.Norm(patches, Config.LayerNormEpsilon)).MoveToOuterDisposeScope();
        torch.Tensor prefix =
            aligned.Length > 0 ? torch.cat([cls_token!.expand(batch, -1, -1), .. aligned], 1)
            : tokens.Count == 1 ? tokens[0]
            : torch.cat(tokens, 1);
        if (embedded > 0 && pos_embed is not null)
            prefix = prefix + pos_embed.narrow(1, 0, embedded);
        torch.Tensor x = torch.cat([prefix.expand(batch, -1, -1), patches], 1);
        if (norm_pre is not null)
            x = norm_pre.Norm(x, Config.LayerNormEpsilon);
        return x.MoveToOuterDisposeScope();
    }

    // [B, N, D], and where two stems make them the tokens [B, 1, D] aligned with each: the mean of its own patches.
    private (torch.Tensor Patches, torch.Tensor[] Aligned) Patches(torch.Tensor pixels)
    {
        if (patch_embed is not null)
            return (patch_embed.Forward(pixels), []);
        torch.Tensor convolved = conv_embed!.Forward(pixels),
            involved = inv_embed!.Forward(pixels);
        return (convolved + involved, [convolved.mean([1], keepdim: true), involved.mean([1], keepdim: true)]);
    }

    private torch.Tensor? KeptIndices(long batch, ModelCapture capture)
    {
        if (capture.KeptPatches is { } given)
            return given;
        if (capture.PatchDropout <= 0 || !training)
            return null;
        long keep = Math.Max(1, (long)(Config.Patches * (1 - capture.PatchDropout)));
        torch.Tensor order = torch.rand([batch, Config.Patches], device: blocks[0].Attention.Qkv.weight.device).argsort(1);
        return order.narrow(1, 0, keep).sort(1).Values;
    }

    private torch.Tensor Through(torch.Tensor x, int from, int to, ModelCapture capture, Kept captured, DisposeScope scope)
    {
        bool kept = false;
        using TokenMerging? merging = capture.MergedPatches > 0 ? new TokenMerging(capture.MergedPatches, Config.PrefixTokens) : null;
        for (int b = from; b < to; b++)
        {
            bool wanted = capture.HiddenBlocks.Contains(b),
                apart = capture.QkvBlocks.Contains(b);
            // Nobody reads the last block's patches but a capture: only the tokens with a head go through it.
            long queries =
                b == Config.Depth - 1 && Config.ReadsTokensAlone && !wanted && !apart && !capture.NormedTokens ? HeadTokens : x.shape[1];
            // The pooling's own query takes the place of the last block's row.
            bool pooled = attn_pool is not null && b == Config.Depth - 1;
            captured.WantsPooledRow |= pooled && capture.ClsRowBlocks.Contains(b);
            (torch.Tensor next, torch.Tensor? row, torch.Tensor? map, Qkv? qkv) = blocks[b]
                .Forward(
                    x,
                    queries,
                    !pooled && capture.ClsRowBlocks.Contains(b) ? Config.PrefixTokens : -1,
                    capture.AttentionBlocks.Contains(b),
                    apart,
                    merging
                );
            if (!kept)
                x.Dispose();
            (x, kept) = (next, wanted);
            if (wanted)
                captured.Hidden[b] = scope.MoveToOuter(next);
            if (row is not null)
                captured.Rows[b] = scope.MoveToOuter(row);
            if (map is not null)
                captured.Maps[b] = scope.MoveToOuter(map);
            if (qkv is null)
                continue;
            scope.MoveToOuter(qkv.Queries, qkv.Keys, qkv.Values);
            if (qkv.Bias is { } bias)
                scope.MoveToOuter(bias);
            captured.Parts[b] = qkv;
        }
        return x;
    }

    private ModelOutput Head(torch.Tensor x, ModelCapture capture, Kept kept, DisposeScope scope) =>
        Heads(Pooled(x, kept, scope), scope) with
        {
            ClsRows = kept.Rows,
            Attention = kept.Maps,
            Hidden = kept.Hidden,
            Qkv = kept.Parts,
            NormedTokens = capture.NormedTokens
                ? scope.MoveToOuter(norm is null ? x.alias() : norm.Norm(x, Config.LayerNormEpsilon))
                : null,
        };

    // Tokens [B, T, D] to what the heads read, [B, K, D]; of the class token beside the mean [B, 1, 2D].
    private torch.Tensor Pooled(torch.Tensor x, Kept kept, DisposeScope scope)
    {
        double epsilon = Config.LayerNormEpsilon;
        long prefix = Config.PrefixTokens,
            patches = x.shape[1] - prefix;
        switch (Config.Pooling)
        {
            case Pooling.Token:
                torch.Tensor first = x.narrow(1, 0, HeadTokens);
                return (norm ?? fc_norm)?.Norm(first, epsilon) ?? first;
            case Pooling.Average when norm is null:
                torch.Tensor mean = x.narrow(1, prefix, patches).mean([1], keepdim: true);
                return fc_norm?.Norm(mean, epsilon) ?? mean;
            case Pooling.Average:
                return norm.Norm(x.narrow(1, prefix, patches), epsilon).mean([1], keepdim: true);
            case Pooling.TokenAndAverage:
                torch.Tensor normed = norm is null ? x : norm.Norm(x, epsilon);
                torch.Tensor both = torch.cat([normed.narrow(1, 0, 1), normed.narrow(1, prefix, patches).mean([1], keepdim: true)], -1);
                return both;
            default:
                long before = Config.PoolPrefix ? 0 : prefix;
                (torch.Tensor token, torch.Tensor? row) = attn_pool!.Forward(
                    (norm is null ? x : norm.Norm(x, epsilon)).narrow(1, before, patches + prefix - before),
                    kept.WantsPooledRow
                );
                if (row is not null)
                    kept.Rows[Config.Depth - 1] = scope.MoveToOuter(row.narrow(2, prefix - before, patches));
                return fc_norm is null ? token : fc_norm.Norm(token, epsilon);
        }
    }

    private ModelOutput Heads(torch.Tensor normed, DisposeScope scope)
    {
        torch.Tensor read = normed.select(1, 0),
            embedding = Config.Pooling == Pooling.TokenAndAverage ? read.narrow(1, 0, Config.Width) : read;
        ModelOutput bare = new() { Embedding = scope.MoveToOuter(embedding), HeadEmbeddings = scope.MoveToOuter(normed) };
        if (head is null)
            return bare;
        torch.Tensor logits = scope.MoveToOuter(head.Linear(read));
        if (head_conv is not null)
        {
            torch.Tensor convolved = scope.MoveToOuter(head_conv.Linear(normed.select(1, 1))),
                involved = scope.MoveToOuter(head_inv!.Linear(normed.select(1, 2)));
            return bare with
            {
                Logits = scope.MoveToOuter((logits + convolved + involved) / 3),
                LogitsCls = logits,
                LogitsConv = convolved,
                LogitsInv = involved,
            };
        }
        if (head_dist is null)
            return bare with { Logits = logits };
        torch.Tensor dist = scope.MoveToOuter(head_dist.Linear(normed.select(1, 1)));
        return bare with { Logits = scope.MoveToOuter((logits + dist) / 2), LogitsCls = logits, LogitsDist = dist };
    }

    private void Check(torch.Tensor pixels, ModelCapture capture)
    {
        CheckPixels(pixels);
        foreach (int block in capture.ClsRowBlocks.Concat(capture.HiddenBlocks).Concat(capture.QkvBlocks).Concat(capture.AttentionBlocks))
        {
            if (block < 0 || block >= Config.Depth)
                throw new ArgumentException($"block {block} does not exist: the model has blocks 0–{Config.Depth - 1}", nameof(capture));
        }
        if ((Config.Rotary is not null || Config.RelativeBias) && (capture.PatchDropout > 0 || capture.KeptPatches is not null))
            throw new ArgumentException(
                $"{Config.Name} has {(Config.RelativeBias ? "relative" : "rotary")} positions, and patches cannot be dropped from it",
                nameof(capture)
            );
        if (capture.MergedPatches > 0 && WhyNotMerged(capture) is { } reason)
            throw new ArgumentException($"{Config.Name}: patches cannot be merged, because {reason}", nameof(capture));
        if (capture.PatchDropout is < 0 or >= 1 or double.NaN)
            throw new ArgumentException($"patch dropout {capture.PatchDropout} is not in [0, 1)", nameof(capture));
    }

    // What blocks leave beside their tokens, by block.
    private sealed record Kept
    {
        public bool WantsPooledRow { get; set; }

        public Dictionary<int, torch.Tensor> Rows { get; } = [];

        public Dictionary<int, torch.Tensor> Maps { get; } = [];

        public Dictionary<int, torch.Tensor> Hidden { get; } = [];

        public Dictionary<int, Qkv> Parts { get; } = [];
    }
}
