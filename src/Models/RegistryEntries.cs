// The named architectures, as timm defines them.

namespace DataFreeKD.Models;

/// <summary>One named architecture with timm's preprocessing of its default weights.</summary>
internal sealed record RegistryEntry(string Name, ModelConfig Config, PreprocessingConfig Preprocessing);

/// <summary>The table behind <see cref="ModelRegistry"/>; shapes and preprocessing follow timm's vision_transformer.py and deit.py.</summary>
internal static class RegistryEntries
{
    private static readonly float[] Half = [0.5f, 0.5f, 0.5f];
    private static readonly float[] ClipMean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] ClipStd = [0.26862954f, 0.26130258f, 0.27577711f];

    public static SortedDictionary<string, RegistryEntry> All { get; } = Build();

    /// <summary>The first name whose shape this is, whatever the classes and what LayerScale starts from; null where there is none.</summary>
    public static string? NameOf(ModelConfig config) => All.Values.FirstOrDefault(entry => Comparable(entry.Config) == Comparable(config))?.Name;

    private static ModelConfig Comparable(ModelConfig config) => config is VitConfig vit ? vit with { Classes = 0, LayerScaleInit = 0 } : config with { Classes = 0 };

    private static SortedDictionary<string, RegistryEntry> Build()
    {
        SortedDictionary<string, RegistryEntry> all = new(StringComparer.Ordinal);
        foreach (string size in new[] { "tiny", "small", "base", "large" })
        {
            VitConfig shape = Shape(size);
            // The augreg weights want mean and deviation 0.5, DeiT's ImageNet's.
            Add($"vit_{size}_patch16_224", shape, Half, Half);
            Add($"vit_{size}_patch16_384", shape with { ImageSize = 384 }, Half, Half);
            if (size is "small" or "base" or "large")
            {
                Add($"vit_{size}_patch32_224", shape with { PatchSize = 32 }, Half, Half);
                Add($"vit_{size}_patch32_384", shape with { PatchSize = 32, ImageSize = 384 }, Half, Half);
            }
            if (size is "small" or "base") Add($"vit_{size}_patch8_224", shape with { PatchSize = 8 }, Half, Half);
            if (size is "tiny" or "small" or "base")
            {
                Add($"deit_{size}_patch16_224", shape);
                Add($"deit_{size}_distilled_patch16_224", shape with { Distilled = true });
            }
            if (size is "base")
            {
                Add("deit_base_patch16_384", shape with { ImageSize = 384 });
                Add("deit_base_distilled_patch16_384", shape with { ImageSize = 384, Distilled = true });
                Add("vit_base_patch16_clip_224", shape with { PreNorm = true, LayerNormEpsilon = 1e-5, Classes = 512 }, ClipMean, ClipStd, cropPct: 1);
            }
        }
        foreach (string size in new[] { "small", "medium", "base", "large" })
        {
            VitConfig shape = Shape(size) with { NoEmbedClass = true, LayerScale = true, LayerScaleInit = 1e-6 };
            Add($"deit3_{size}_patch16_224", shape);
            if (size != "medium") Add($"deit3_{size}_patch16_384", shape with { ImageSize = 384 });
        }
        foreach (string size in new[] { "small", "base", "large", "giant" })
        {
            VitConfig shape = Shape(size) with { ImageSize = 518, PatchSize = 14, Classes = 0, LayerScale = true, LayerScaleInit = 1e-5 };
            Add($"vit_{size}_patch14_dinov2", shape);
            Add($"vit_{size}_patch14_reg4_dinov2", shape with { RegisterTokens = 4, NoEmbedClass = true });
        }
        return all;

        void Add(string name, VitConfig config, float[]? mean = null, float[]? std = null, double? cropPct = null)
        {
            PreprocessingConfig plain = PreprocessingConfig.DefaultFor(config.ImageSize);
            all.Add(name, new RegistryEntry(name, config, plain with { Mean = mean ?? plain.Mean, Std = std ?? plain.Std, CropPct = cropPct ?? plain.CropPct }));
        }
    }

    private static VitConfig Shape(string size) => size switch
    {
        "tiny" => Plain(192, 12, 3),
        "small" => Plain(384, 12, 6),
        "medium" => Plain(512, 12, 8),
        "base" => Plain(768, 12, 12),
        "large" => Plain(1024, 24, 16),
        // DINOv2 giant: SwiGLU whose hidden width is 8·⌈(2/3·4·1536)/8⌉.
        _ => Plain(1536, 40, 24) with { SwiGlu = true, MlpHidden = 4096 },
    };

    private static VitConfig Plain(int width, int depth, int heads) => new() { Width = width, Depth = depth, Heads = heads, MlpHidden = 4 * width };
}
