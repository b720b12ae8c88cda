// The shape of a Vision Transformer, as plain values.

namespace DataFreeKD.Models;

/// <summary>Architecture of a ViT of timm's VisionTransformer family.</summary>
public sealed record VitConfig
{
    /// <summary>Input side, pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Patch side, pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Classes; 0 for a model without a head.</summary>
    public int Classes { get; init; } = 1000;

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

    /// <summary>Register tokens after CLS (DINOv2-reg).</summary>
    public int RegisterTokens { get; init; }

    /// <summary>LayerScale gammas on both branches (DeiT-III, DINOv2).</summary>
    public bool LayerScale { get; init; }

    /// <summary>Position embedding covers the patches only (timm no_embed_class).</summary>
    public bool NoEmbedClass { get; init; }

    /// <summary>SwiGLU MLP (DINOv2 giant), packed as timm has it: fc1 gives 2 × MlpHidden, gate first.</summary>
    public bool SwiGlu { get; init; }

    /// <summary>LayerNorm before the blocks (CLIP).</summary>
    public bool PreNorm { get; init; }

    /// <summary>timm 1e-6; Hugging Face ViT 1e-12.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>CLS, distillation and register tokens before the patches.</summary>
    public int PrefixTokens => 1 + (Distilled ? 1 : 0) + RegisterTokens;

    /// <summary>Patches a side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Patch tokens N.</summary>
    public int Patches => Grid * Grid;

    /// <summary>This, once <see cref="Validate"/> has passed.</summary>
    /// <exception cref="ModelException">Names the value and its bounds.</exception>
    public VitConfig Validated()
    {
        Validate();
        return this;
    }

    /// <summary>Refuses shapes that no ViT can have.</summary>
    /// <exception cref="ModelException">Names the value and its bounds.</exception>
    public void Validate()
    {
        if (ImageSize is < 1 or > 8192 || PatchSize < 1 || ImageSize % PatchSize != 0) throw new ModelException($"image size {ImageSize} and patch size {PatchSize}: the patch must divide the image (at most 8192)");
        if (Width is < 1 or > 16384 || Heads < 1 || Width % Heads != 0) throw new ModelException($"width {Width} and {Heads} heads: the heads must divide the width (at most 16384)");
        if (Depth is < 1 or > 1000) throw new ModelException($"depth {Depth}: give 1 to 1000 blocks");
        if (MlpHidden < 1) throw new ModelException($"MLP width {MlpHidden}: give at least 1");
        if (Classes < 0 || RegisterTokens < 0) throw new ModelException($"{Classes} classes and {RegisterTokens} register tokens: neither can be negative");
    }
}
