// The Vision Transformer: its parts, and what can be asked of it.

using DataFreeKD.Models.Inference;
using DataFreeKD.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;

namespace DataFreeKD.Models;

/// <summary>A ViT of timm's family (ViT, DeiT, DeiT-distilled, DeiT-III, DINOv2 with registers, DINOv3, EVA and EVA-02, AIMv2, CLIP's and
/// SigLIP's image towers, average-pooled ones). Parameter names are timm's.</summary>
/// <remarks>Dosovitskiy et al., ICLR 2021; the distillation token is of Touvron et al., ICML 2021; registers of Darcet et al., ICLR
/// 2024.</remarks>
public sealed partial class VisionTransformer : ImageModel
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

    /// <summary>Where blocks that run with gradients leave what <see cref="Recomputation.Gradients"/> computes those of; null for one graph
    /// of all blocks, which autograd goes through.</summary>
    internal Recomputation? Recomputation { get; set; }

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

    /// <summary>Computes the blocks' linear maps and attention in numbers of <paramref name="type"/> while the model learns; the weights
    /// stay as they are. Null for the weights' own type.</summary>
    internal void LearnIn(torch.ScalarType? type)
    {
        foreach (Block block in blocks)
        {
            foreach (Affine map in (Affine[])[block.Attention.Qkv, block.Attention.Projection, block.Mlp.First, block.Mlp.Second])
                map.Learning = type;
        }
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
}
