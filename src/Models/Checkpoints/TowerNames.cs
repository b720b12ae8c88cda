// Names of the vision towers of Hugging Face's CLIP and SigLIP.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>CLIPVisionModel (with projection, or within CLIPModel or CLIPForImageClassification) and SiglipVisionModel (or within
/// SiglipModel or
/// SiglipForImageClassification).</summary>
internal static partial class TowerNames
{
    private static readonly (string Timm, string Tower)[] InBlock =
    [
        ("norm1", "layer_norm1"),
        ("norm2", "layer_norm2"),
        ("attn.proj", "self_attn.out_proj"),
        ("mlp.fc1", "mlp.fc1"),
        ("mlp.fc2", "mlp.fc2"),
    ];

    private static readonly (string Timm, string Tower)[] Around =
    [
        ("patch_embed.proj", "embeddings.patch_embedding"),
        ("norm_pre", "pre_layrnorm"),
        ("norm_pre", "pre_layernorm"),
        ("norm", "post_layernorm"),
        ("head", "classifier"),
        ("attn_pool.proj", "head.attention.out_proj"),
        ("attn_pool.norm", "head.layernorm"),
        ("attn_pool.mlp.fc1", "head.mlp.fc1"),
        ("attn_pool.mlp.fc2", "head.mlp.fc2"),
    ];

    /// <inheritdoc cref="TimmNames.From"/>
    public static (Dictionary<string, Tensor> Tensors, NameStyle Style) ToTimm(string path, IReadOnlyDictionary<string, Tensor> source)
    {
        bool clip = source.ContainsKey("embeddings.class_embedding"),
            classifier = source.ContainsKey("classifier.weight");
        Dictionary<string, Tensor> timm = new(StringComparer.Ordinal);
        SortedDictionary<string, Tensor?[]> fused = new(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in source)
        {
            if (name is "embeddings.position_ids")
                continue;
            // The classifier reads the mean of the patches, past the pooling head.
            if (classifier && name.StartsWith("head.", StringComparison.Ordinal))
                continue;
            // CLIP's norms the class token alone, which its classifier does not read.
            if (clip && classifier && name.StartsWith("post_layernorm.", StringComparison.Ordinal))
                continue;
            if (Part().Match(name) is { Success: true } part)
            {
                string target = $"blocks.{part.Groups[1].Value}.attn.qkv.{part.Groups[3].Value}";
                if (!fused.TryGetValue(target, out Tensor?[]? three))
                    fused.Add(target, three = new Tensor?[3]);
                three["qkv".IndexOf(part.Groups[2].Value[0], StringComparison.Ordinal)] = tensor;
            }
            else if (name is "embeddings.class_embedding")
                timm["cls_token"] = Raised(path, name, tensor, 1).unsqueeze(0).unsqueeze(0);
            else if (name is "embeddings.position_embedding.weight")
                timm["pos_embed"] = Raised(path, name, tensor, 2).unsqueeze(0);
            else if (name is "visual_projection.weight")
            {
                timm["head.weight"] = tensor;
                timm["head.bias"] = zeros(tensor.shape[0]);
            }
            else if (name is "head.probe")
                timm["attn_pool.latent"] = tensor;
            else if (name is "head.attention.in_proj_weight" or "head.attention.in_proj_bias")
            {
                string kind = name.EndsWith("weight", StringComparison.Ordinal) ? "weight" : "bias";
                long third = tensor.dim() > 0 ? tensor.shape[0] / 3 : 0;
                if (third == 0 || tensor.shape[0] % 3 != 0)
                    throw new ModelException($"'{path}': tensor '{name}' is [{string.Join(", ", tensor.shape)}], not of three parts");
                timm["attn_pool.q." + kind] = tensor.narrow(0, 0, third);
                timm["attn_pool.kv." + kind] = tensor.narrow(0, third, 2 * third);
            }
            else
                timm[Translate(name)] = tensor;
        }
        TimmNames.Fuse(path, fused, timm);
        return (
            timm,
            clip
                ? classifier
                    ? NameStyle.ClipClassifier
                    : NameStyle.Clip
                : classifier
                    ? NameStyle.SiglipClassifier
                    : NameStyle.Siglip
        );
    }

    private static Tensor Raised(string path, string name, Tensor tensor, int dimensions) =>
        tensor.dim() == dimensions
            ? tensor
            : throw new ModelException($"'{path}': tensor '{name}' is [{string.Join(", ", tensor.shape)}], not of {dimensions} dimensions");

    private static string Translate(string name)
    {
        if (Layer().Match(name) is { Success: true } layer)
        {
            foreach ((string timm, string tower) in InBlock)
            {
                if (layer.Groups[2].Value == tower)
                    return $"blocks.{layer.Groups[1].Value}.{timm}.{layer.Groups[3].Value}";
            }
        }
        foreach ((string timm, string tower) in Around)
        {
            if (name.StartsWith(tower + ".", StringComparison.Ordinal))
                return timm + name[tower.Length..];
        }
        return name;
    }

    [GeneratedRegex(@"^encoder\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Part();

    [GeneratedRegex(@"^encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();
}
