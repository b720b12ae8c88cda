// The named architectures, as timm defines them.

namespace DataFreeKD.Models;

/// <summary>One named architecture with timm's preprocessing of its default weights.</summary>
internal sealed record RegistryEntry(string Name, ModelConfig Config, Preprocessing Preprocessing);

/// <summary>The table behind <see cref="ModelRegistry"/>; shapes and preprocessing follow timm's vision_transformer.py, deit.py, resnet.py
/// and tiny_vit.py, and the official code of involution.</summary>
internal static class RegistryEntries
{
    private static readonly float[] Half = [0.5f, 0.5f, 0.5f];
    private static readonly float[] ClipMean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] ClipStd = [0.26862954f, 0.26130258f, 0.27577711f];

    public static SortedDictionary<string, RegistryEntry> All { get; } = Build();

    /// <summary>The first name whose shape this is, whatever the classes, what LayerScale starts from and a ResNet's input size; null where
    /// there is none.</summary>
    public static string? NameOf(ModelConfig config) =>
        All.Values.FirstOrDefault(entry => Comparable(entry.Config) == Comparable(config))?.Name;

    // A ResNet's weights are those of any input size.
    private static ModelConfig Comparable(ModelConfig config) =>
        config switch
        {
            VitConfig vit => vit with { Classes = 0, LayerScaleInit = 0 },
            ResNetConfig net => net with { Classes = 0, ImageSize = 0 },
            _ => config with { Classes = 0 },
        };

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
            if (size is "small" or "base")
                Add($"vit_{size}_patch8_224", shape with { PatchSize = 8 }, Half, Half);
            if (size is "tiny" or "small" or "base")
            {
                Add($"deit_{size}_patch16_224", shape);
                Add($"deit_{size}_distilled_patch16_224", shape with { Distilled = true });
            }
            if (size is "tiny" or "small")
                Add($"cit_{size}_patch16_224", shape with { CrossBias = true });
            if (size is "base")
            {
                Add("deit_base_patch16_384", shape with { ImageSize = 384 });
                Add("deit_base_distilled_patch16_384", shape with { ImageSize = 384, Distilled = true });
                Add(
                    "vit_base_patch16_clip_224",
                    shape with
                    {
                        PreNorm = true,
                        LayerNormEpsilon = 1e-5,
                        Classes = 512,
                    },
                    ClipMean,
                    ClipStd,
                    cropPct: 1
                );
            }
        }
        foreach (string size in new[] { "small", "medium", "base", "large" })
        {
            VitConfig shape = Shape(size) with { NoEmbedClass = true, LayerScale = true, LayerScaleInit = 1e-6 };
            Add($"deit3_{size}_patch16_224", shape);
            if (size != "medium")
                Add($"deit3_{size}_patch16_384", shape with { ImageSize = 384 });
        }
        foreach (string size in new[] { "small", "base", "large", "giant" })
        {
            VitConfig shape = Shape(size) with { ImageSize = 518, PatchSize = 14, Classes = 0, LayerScale = true, LayerScaleInit = 1e-5 };
            Add($"vit_{size}_patch14_dinov2", shape);
            Add($"vit_{size}_patch14_reg4_dinov2", shape with { RegisterTokens = 4, NoEmbedClass = true });
        }
        // timm's first weights of each: the a1 recipe.
        foreach (int depth in new[] { 18, 34, 50, 101, 152 })
            Add($"resnet{depth}", new ResNetConfig { Depth = depth }, cropPct: 0.95);
        // The official code resizes to 256 bilinearly.
        foreach (int depth in new[] { 26, 38, 50, 101, 152 })
            Add(
                $"rednet{depth}",
                new ResNetConfig { Depth = depth, Involution = true },
                cropPct: 0.875,
                interpolation: Interpolation.Bilinear
            );
        StageSizes medium = new(64, 128, 256, 448),
            large = new(96, 192, 384, 576),
            largeHeads = new(3, 6, 12, 18);
        TinyVitConfig tiny21 = new() { Widths = large, Heads = largeHeads };
        Add("tiny_vit_5m_224", new TinyVitConfig(), cropPct: 0.95);
        Add("tiny_vit_11m_224", new TinyVitConfig { Widths = medium, Heads = new(2, 4, 8, 14) }, cropPct: 0.95);
        Add("tiny_vit_21m_224", tiny21, cropPct: 0.95);
        Add("tiny_vit_21m_384", tiny21 with { ImageSize = 384, Windows = new(12, 12, 24, 12) }, cropPct: 1);
        Add("tiny_vit_21m_512", tiny21 with { ImageSize = 512, Windows = new(16, 16, 32, 16) }, cropPct: 1, squash: true);
        return all;

        void Add(
            string name,
            ModelConfig config,
            float[]? mean = null,
            float[]? std = null,
            double? cropPct = null,
            Interpolation interpolation = Interpolation.Bicubic,
            bool squash = false
        )
        {
            Preprocessing plain = Preprocessing.DefaultFor(config.ImageSize);
            all.Add(
                name,
                new RegistryEntry(
                    name,
                    config,
                    plain with
                    {
                        Mean = mean ?? plain.Mean,
                        Std = std ?? plain.Std,
                        CropPct = cropPct ?? plain.CropPct,
                        Interpolation = interpolation,
                        Squash = squash,
                    }
                )
            );
        }
    }

    private static VitConfig Shape(string size) =>
        size switch
        {
            "tiny" => Plain(192, 12, 3),
            "small" => Plain(384, 12, 6),
            "medium" => Plain(512, 12, 8),
            "base" => Plain(768, 12, 12),
            "large" => Plain(1024, 24, 16),
            // DINOv2 giant: SwiGLU whose hidden width is 8·⌈(2/3·4·1536)/8⌉.
            _ => Plain(1536, 40, 24) with { SwiGlu = true, MlpHidden = 4096 },
        };

    private static VitConfig Plain(int width, int depth, int heads) =>
        new()
        {
            Width = width,
            Depth = depth,
            Heads = heads,
            MlpHidden = 4 * width,
        };
}
