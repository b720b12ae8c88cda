// Depth, width, patch, classes and the rest, read off the tensors; only what tensors cannot tell comes from the config.

using System.Globalization;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>What a config file says that tensors cannot.</summary>
internal sealed record ArchitectureHints
{
    /// <summary>Attention heads from the config file.</summary>
    public int? Heads { get; init; }

    /// <summary>LayerNorm epsilon from the config file.</summary>
    public double? Epsilon { get; init; }

    /// <summary>Whether the config says that the position embedding leaves the prefix out.</summary>
    public bool? NoEmbedClass { get; init; }

    /// <summary>Where the hints came from, for messages.</summary>
    public string Source { get; init; } = "";
}

/// <summary>Reads a <see cref="VitConfig"/> off a state dict with timm's names.</summary>
internal static class ArchitectureReader
{
    /// <exception cref="ModelException">Tensors are missing, of another kind of network, or contradict each other or the config.</exception>
    public static VitConfig Read(string path, IReadOnlyDictionary<string, Tensor> tensors, ArchitectureHints hints, int? heads)
    {
        bool crossBias = tensors.ContainsKey("conv_embed.proj.weight");
        long[] patch = crossBias ? Stems() : Shape("patch_embed.proj.weight", 4);
        if (patch[1] != 3 || patch[2] != patch[3]) throw Bad($"its patch projection is [{string.Join(", ", patch)}]; three colour channels and square patches are supported");
        int width = checked((int)patch[0]), patchSize = checked((int)patch[2]);
        bool swiGlu = Shape("blocks.0.mlp.fc1.weight", 2)[0] == 2 * Shape("blocks.0.mlp.fc2.weight", 2)[1];
        bool preNorm = tensors.ContainsKey("norm_pre.weight"), distilled = tensors.ContainsKey("dist_token");
        int registers = tensors.ContainsKey("reg_token") ? checked((int)Shape("reg_token", 3)[1]) : 0;
        int prefix = 1 + (distilled ? 1 : 0) + (crossBias ? 2 : 0) + registers;
        (int grid, bool noEmbedClass) = Grid(Shape("pos_embed", 3)[1], prefix);
        VitConfig config = new()
        {
            ImageSize = checked(grid * patchSize),
            PatchSize = patchSize,
            Classes = tensors.ContainsKey("head.weight") ? checked((int)Shape("head.weight", 2)[0]) : 0,
            Width = width,
            Depth = Depth(),
            Heads = Heads(width),
            MlpHidden = checked((int)Shape("blocks.0.mlp.fc2.weight", 2)[1]),
            QkvBias = tensors.ContainsKey("blocks.0.attn.qkv.bias"),
            Distilled = distilled,
            CrossBias = crossBias,
            RegisterTokens = registers,
            LayerScale = tensors.ContainsKey("blocks.0.ls1.gamma"),
            NoEmbedClass = noEmbedClass,
            SwiGlu = swiGlu,
            PreNorm = preNorm,
            // timm's CLIP towers have 1e-5, its other ViTs 1e-6.
            LayerNormEpsilon = hints.Epsilon ?? (preNorm ? 1e-5 : 1e-6),
        };
        return config.Validated();

        // The stems halve before they project.
        long[] Stems()
        {
            long[] projection = Shape("conv_embed.proj.weight", 4);
            return [projection[0], 3, 2 * projection[2], 2 * projection[3]];
        }

        long[] Shape(string name, int dimensions)
        {
            if (!tensors.TryGetValue(name, out Tensor? tensor)) throw Bad($"it has no tensor '{name}': it is no Vision Transformer of timm's or Hugging Face's ViT/DeiT family (it holds {Sample()})");
            return tensor.shape.Length == dimensions ? tensor.shape : throw Bad($"tensor '{name}' is [{string.Join(", ", tensor.shape)}], not of {dimensions} dimensions");
        }

        int Depth()
        {
            int depth = 0;
            while (tensors.ContainsKey($"blocks.{depth.ToString(CultureInfo.InvariantCulture)}.norm1.weight")) depth++;
            return depth;
        }

        int Heads(int width)
        {
            if (hints.Heads is { } told)
            {
                if (heads is { } other && other != told) throw Bad($"{hints.Source} says {told} heads, the command line {other}; leave --heads out");
                return told;
            }
            if (heads is { } given) return width % given == 0 && given > 0 ? given : throw Bad($"--heads {given} does not divide its width {width}");
            if (width % 64 == 0) return width / 64;
            throw Bad($"nothing tells its number of attention heads (no config beside it, and its width {width} is no multiple of 64): give --heads");
        }

        (int Grid, bool NoEmbedClass) Grid(long entries, int prefix)
        {
            int bare = Root(entries), with = Root(entries - prefix);
            if (bare > 0 && with > 0) return hints.NoEmbedClass ?? registers > 0 ? (bare, true) : (with, false);
            if (with > 0) return (with, false);
            if (bare > 0) return (bare, true);
            throw Bad($"its position embedding has {entries} entries, which is no square grid with or without {prefix} prefix tokens");
        }

        ModelException Bad(string what) => new($"'{path}' was not loaded: {what}");

        string Sample() => tensors.Count == 0 ? "no tensors" : string.Join(", ", tensors.Keys.Order(StringComparer.Ordinal).Take(4).Select(k => $"'{k}'")) + (tensors.Count > 4 ? $" and {tensors.Count - 4} more" : "");
    }

    private static int Root(long count)
    {
        if (count <= 0) return 0;
        long root = (long)Math.Round(Math.Sqrt(count));
        return root * root == count && root <= 8192 ? (int)root : 0;
    }
}
