// Names of Hugging Face's DINOv3ViTModel.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>DINOv3 as transformers keeps it: queries, keys and values apart, its keys without bias, its rotations not at all.</summary>
internal static partial class Dinov3Names
{
    /// <summary>Its patch projection, which has no name of its own there.</summary>
    public const string Anchor = "embeddings.patch_embeddings.weight";

    private static readonly (string Timm, string HuggingFace)[] InBlock =
    [
        ("norm1", "norm1"),
        ("norm2", "norm2"),
        ("attn.proj", "attention.o_proj"),
        ("attn.q_proj", "attention.q_proj"),
        ("attn.k_proj", "attention.k_proj"),
        ("attn.v_proj", "attention.v_proj"),
        // Gated or not.
        ("mlp.fc1_g", "mlp.gate_proj"),
        ("mlp.fc1_x", "mlp.up_proj"),
        ("mlp.fc2", "mlp.down_proj"),
    ];

    /// <summary>timm's names, as its eva.py has them; a bare backbone has no head.</summary>
    /// <exception cref="ModelException">A part is missing, or of another shape.</exception>
    public static Dictionary<string, Tensor> ToTimm(string path, IReadOnlyDictionary<string, Tensor> source)
    {
        bool gated = source.Keys.Any(name => name.Contains(".mlp.gate_proj.", StringComparison.Ordinal));
        Dictionary<string, Tensor> timm = new(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in source)
        {
            // What masks patches in training, and what follows from the config.
            if (name == "embeddings.mask_token" || name.EndsWith("rope_embeddings.inv_freq", StringComparison.Ordinal))
                continue;
            timm[Translate(name, gated)] = tensor;
        }
        EvaNames.Fuse(path, timm);
        return timm;
    }

    private static string Translate(string name, bool gated)
    {
        if (Layer().Match(name) is { Success: true } layer)
        {
            string at = $"blocks.{layer.Groups[1].Value}.",
                rest = layer.Groups[2].Value;
            if (Scale().Match(rest) is { Success: true } scale)
                return $"{at}ls{scale.Groups[1].Value}.gamma";
            foreach ((string timm, string other) in InBlock)
            {
                if (rest.StartsWith(other + ".", StringComparison.Ordinal))
                    return at + (timm == "mlp.fc1_x" && !gated ? "mlp.fc1" : timm) + rest[other.Length..];
            }
            return at + rest;
        }
        return name switch
        {
            "embeddings.cls_token" => "cls_token",
            "embeddings.register_tokens" => "reg_token",
            _ => name.StartsWith("embeddings.patch_embeddings.", StringComparison.Ordinal)
                ? "patch_embed.proj." + name["embeddings.patch_embeddings.".Length..]
                : name,
        };
    }

    [GeneratedRegex(@"^(?:model\.|encoder\.)?layer\.(\d+)\.(.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();

    [GeneratedRegex(@"^layer_scale([12])\.lambda1$", RegexOptions.CultureInvariant)]
    private static partial Regex Scale();
}
