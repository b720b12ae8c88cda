// The shape of a Vision Transformer, as plain values.

namespace DataFreeKD.Models;

/// <summary>Architecture of a ViT of timm's VisionTransformer family.</summary>
public sealed record VitConfig : ModelConfig
{
    /// <summary>Patch side, pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Embedding width D.</summary>
    public int Width { get; init; } = 192;

    /// <summary>Blocks L.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads H; divides Width.</summary>
    public int Heads { get; init; } = 3;

    /// <summary>Hidden width of the MLP.</summary>
    public int MlpHidden { get; init; } = 768;

    /// <summary>Bias on the fused qkv projection.</summary>
    public bool QkvBias { get; init; } = true;

    /// <summary>Distillation token with its own head (DeiT).</summary>
    public bool Distilled { get; init; }

    /// <summary>Class, convolution and involution tokens with a head each, and a convolution and an involution stem for the patches (Ren et
    /// al., "Co-advise", CVPR 2022).</summary>
    public bool CrossBias { get; init; }

    /// <summary>Register tokens after CLS (DINOv2-reg).</summary>
    public int RegisterTokens { get; init; }

    /// <summary>LayerScale gammas on both branches (DeiT-III, DINOv2).</summary>
    public bool LayerScale { get; init; }

    /// <summary>Position embedding covers the patches only (timm no_embed_class).</summary>
    public bool NoEmbedClass { get; init; }

    /// <summary>SwiGLU MLP (DINOv2 giant), fused w12 as timm's SwiGLUPacked: fc1 of 2×hidden.</summary>
    public bool SwiGlu { get; init; }

    /// <summary>LayerNorm before the blocks (CLIP).</summary>
    public bool PreNorm { get; init; }

    /// <summary>timm 1e-6; Hugging Face ViT 1e-12.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>Activation of the MLPs; a SwiGLU MLP gates by SiLU whatever stands here.</summary>
    public Activation Activation { get; init; }

    /// <summary>What the head reads.</summary>
    public Pooling Pooling { get; init; }

    /// <summary>The final norm comes after pooling, as <c>fc_norm</c>, instead of before it.</summary>
    public bool FcNorm { get; init; }

    /// <summary>Whether there is a class token.</summary>
    public bool ClassToken { get; init; } = true;

    /// <summary>LayerNorm of each head's queries and keys.</summary>
    public bool QkNorm { get; init; }

    /// <summary>Norms after attention and MLP, before the sum, instead of before them (timm's <c>ResPostBlock</c>).</summary>
    public bool PostNorm { get; init; }

    /// <summary>RMSNorm in the place of every LayerNorm: no mean is subtracted and there is no bias (AIMv2).</summary>
    public bool RmsNorm { get; init; }

    /// <summary>Bias on the attention's projection and in the MLPs.</summary>
    public bool ProjectionBias { get; init; } = true;

    /// <summary>A norm of the patch tokens right after their projection (AIMv2).</summary>
    public bool EmbedNorm { get; init; }

    /// <summary>A norm of what the heads give, before the projection (EVA-02).</summary>
    public bool AttentionNorm { get; init; }

    /// <summary>A norm of the MLP's units after their activation (EVA-02).</summary>
    public bool MlpNorm { get; init; }

    /// <summary>Rotary positions; null of a network without.</summary>
    internal RotaryPositions? Rotary { get; init; }

    /// <summary>Relative position biases of attention, a table for each block (BEiT): they go by the differences of rows and
    /// columns.</summary>
    public bool RelativeBias { get; init; }

    /// <summary>One norm feeds attention and MLP side by side, and their sum is added (timm's <c>ParallelScalingBlock</c>).</summary>
    public bool ParallelBranches { get; init; }

    /// <summary>Whether there is a norm before the head, before or after pooling.</summary>
    public bool FinalNorm { get; init; } = true;

    /// <summary>Heads of the pooling by attention; 0 for as many as the blocks have.</summary>
    public int PoolHeads { get; init; }

    /// <summary>The pooling by attention reads the tokens before the patches too.</summary>
    public bool PoolPrefix { get; init; }

    /// <summary>Whether there is a learned position embedding.</summary>
    public bool LearnedPositions { get; init; } = true;

    /// <summary>CLS, distillation, register, or convolution and involution tokens before the patches.</summary>
    public int PrefixTokens => (ClassToken ? 1 : 0) + (Distilled ? 1 : 0) + (CrossBias ? 2 : 0) + RegisterTokens;

    /// <summary>Whether all that the head reads is the first tokens, so that a last block need not compute the patches.</summary>
    internal bool ReadsTokensAlone => Pooling == Pooling.Token;

    /// <summary>Patches a side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Patch tokens N.</summary>
    public int Patches => Grid * Grid;

    /// <summary>What LayerScale gammas start from (DeiT-III 1e-6, DINOv2 1e-5); without LayerScale not used.</summary>
    public double LayerScaleInit { get; init; } = 1e-5;

    /// <summary>Tokens that the position embedding covers: the patches, and the prefix unless <see cref="NoEmbedClass"/>.</summary>
    public int EmbeddedTokens => NoEmbedClass ? Patches : Patches + PrefixTokens;

    /// <summary>Prefix entries of the position embedding: 0 with <see cref="NoEmbedClass"/>, else <see cref="PrefixTokens"/>.</summary>
    public int EmbeddedPrefix => NoEmbedClass ? 0 : PrefixTokens;

    /// <summary>Checks that the shape can be built.</summary>
    /// <exception cref="ModelException">Names the first value that does not fit and what would.</exception>
    public override VitConfig Validated()
    {
        Require(PatchSize is > 0 and <= 1024, $"patch size {PatchSize} is not in 1–1024");
        Require(
            ImageSize > 0 && ImageSize <= 8192 && ImageSize % PatchSize == 0,
            $"image size {ImageSize} is not a positive multiple of the patch size {PatchSize}"
        );
        Require(Width is > 0 and <= 65536, $"width {Width} is not in 1–65536");
        Require(Heads > 0 && Width % Heads == 0, $"width {Width} is not divisible by {Heads} heads");
        Require(Depth is > 0 and <= 1024, $"depth {Depth} is not in 1–1024");
        Require(MlpHidden is > 0 and <= 1 << 20, $"MLP width {MlpHidden} is not in 1–{1 << 20}");
        Require(Classes is >= 0 and <= 1 << 22, $"{Classes} classes is not in 0–{1 << 22}");
        Require(RegisterTokens is >= 0 and <= 1024, $"{RegisterTokens} register tokens is not in 0–1024");
        Require(LayerNormEpsilon is > 0 and < 1, $"LayerNorm epsilon {LayerNormEpsilon} is not in (0, 1)");
        Require(ClassToken || Pooling is Pooling.Average or Pooling.Map, "pooling by the class token needs a class token");
        Require(
            !FcNorm || Pooling != Pooling.TokenAndAverage,
            "a class token beside the mean of the patches goes with a norm before pooling"
        );
        Require(
            !Distilled || (ClassToken && Pooling == Pooling.Token && !FcNorm),
            "a distillation token goes with a class token and pooling by it"
        );
        Require(
            !CrossBias || (Pooling == Pooling.Token && !FcNorm && ClassToken),
            "convolution and involution tokens go with a class token and pooling by it"
        );
        Require(
            LearnedPositions || Rotary is not null || RelativeBias,
            "without a position embedding it needs rotary or relative positions"
        );
        Require(
            !RelativeBias || (PrefixTokens <= 1 && RegisterTokens == 0),
            "relative position biases go with at most a class token before the patches"
        );
        Require(
            !ParallelBranches || (!PostNorm && !AttentionNorm && !MlpNorm && !CrossBias),
            "parallel branches go with one norm before them"
        );
        Require(FinalNorm || (!FcNorm && !Distilled && !CrossBias), "a network without a final norm has none after pooling, and one head");
        Require(
            PoolHeads >= 0 && (PoolHeads == 0 || (Pooling == Pooling.Map && Width % PoolHeads == 0)),
            $"{PoolHeads} heads of the pooling: they go with pooling by attention and divide the width {Width}"
        );
        Require(!PoolPrefix || Pooling == Pooling.Map, "pooling of the first tokens too goes with pooling by attention");
        Require(Rotary is not { Mixed: true, Centred: true }, "learned rotary positions are not centred");
        Require(
            Rotary is null || Width / Heads % 4 == 0,
            $"rotary positions need heads of a multiple of 4 numbers, not {Width / Math.Max(1, Heads)}"
        );
        Require(
            !CrossBias
                || (
                    !RmsNorm
                    && ProjectionBias
                    && !EmbedNorm
                    && !AttentionNorm
                    && !MlpNorm
                    && Rotary is null
                    && LearnedPositions
                    && !RelativeBias
                ),
            "convolution and involution tokens go with the usual blocks and positions"
        );
        Require(
            Pooling != Pooling.Map || (!RmsNorm && ProjectionBias && !MlpNorm),
            "pooling by attention goes with LayerNorm and with biases"
        );
        Require(!LayerScale || !PostNorm, "LayerScale goes with norms before the branches");
        Require(
            !CrossBias || (!Distilled && RegisterTokens == 0 && !PreNorm && PatchSize % 2 == 0),
            "convolution and involution tokens go with an even patch size, without distillation token, registers and norm before the blocks"
        );
        return this;
    }

    /// <inheritdoc/>
    public override string Family => "ViT";

    /// <inheritdoc/>
    public override int Features => Pooling == Pooling.TokenAndAverage ? 2 * Width : Width;

    /// <inheritdoc/>
    public override string Spec =>
        Text(
            $"vit:img={ImageSize},patch={PatchSize},dim={Width},depth={Depth},heads={Heads}{Mlp}{(Distilled ? ",distilled" : "")}{(CrossBias ? $",tokens={VitSpec.ThreeTokens}" : "")}{(RegisterTokens > 0 ? $",registers={RegisterTokens}" : "")}{(LayerScale ? ",layerscale" : "")}{(NoEmbedClass ? ",noembedclass" : "")}{VitSpec.Rest(this)}"
        );

    /// <inheritdoc/>
    public override string Summary => Text($"patch {PatchSize}, width {Width}, depth {Depth}, heads {Heads}, MLP {MlpHidden}");

    internal override ImageModel Build() => VisionTransformer.Uninitialised(this);

    // Patch embedding, qkv, QKᵀ, attention·V, projection, MLP, heads.
    internal override long MultiplyAccumulates()
    {
        long d = Width,
            n = Patches,
            t = n + PrefixTokens;
        long embedding = CrossBias
            ? n * (Layers.TokenStem.MacsPerPatch(this, false) + Layers.TokenStem.MacsPerPatch(this, true))
            : n * 3 * PatchSize * PatchSize * d;
        long attention = (4 * t * d * d) + (2 * t * t * d);
        long mlp = t * (SwiGlu ? 3L : 2L) * d * MlpHidden;
        long pool = Pooling == Pooling.Map ? (2 * d * d) + (2 * n * d * d) + (2 * n * d) + (2 * d * MlpHidden) : 0;
        return embedding
            + (Depth * (attention + mlp))
            + pool
            + (
                (long)Features
                * Classes
                * (
                    CrossBias ? 3
                    : Distilled ? 2
                    : 1
                )
            );
    }

    private string Mlp => MlpHidden == 4 * Width ? "" : Text($",mlp={(double)MlpHidden / Width}");
}
