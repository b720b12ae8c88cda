// One naming inside: a checkpoint's own names become timm's, and back.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Translates state dictionaries between Hugging Face's ViT/DeiT names and timm's.</summary>
internal static partial class CheckpointNames
{
    // Hugging Face's name (after the optional vit./deit. prefix) and timm's, where one tensor is one tensor.
    private static readonly (string HuggingFace, string Timm)[] Fixed =
    [
        ("embeddings.cls_token", "cls_token"),
        ("embeddings.distillation_token", "dist_token"),
        ("embeddings.position_embeddings", "pos_embed"),
        ("embeddings.patch_embeddings.projection", "patch_embed.proj"),
        ("layernorm", "norm"),
    ];

    private static readonly (string HuggingFace, string Timm)[] InBlock =
    [
        ("layernorm_before", "norm1"),
        ("layernorm_after", "norm2"),
        ("attention.output.dense", "attn.proj"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
    ];

    private static readonly string[] Projections = ["query", "key", "value"];

    /// <summary>True where the names are Hugging Face's.</summary>
    public static bool IsHuggingFace(IReadOnlyDictionary<string, Tensor> state) => state.Keys.Any(name => name.Contains("encoder.layer.", StringComparison.Ordinal));

    /// <summary>The same tensors under timm's names; query, key and value become one fused qkv.</summary>
    public static Dictionary<string, Tensor> ToTimm(string path, IReadOnlyDictionary<string, Tensor> state)
    {
        var timm = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        bool distilled = state.Keys.Any(name => name.StartsWith("distillation_classifier", StringComparison.Ordinal));
        var fused = new SortedDictionary<string, Tensor?[]>(StringComparer.Ordinal);
        foreach ((string full, Tensor tensor) in state)
        {
            string name = Prefix().Replace(full, "");
            Match projection = Projection().Match(name);
            if (projection.Success)
            {
                string target = $"blocks.{projection.Groups[1].Value}.attn.qkv.{projection.Groups[3].Value}";
                if (!fused.TryGetValue(target, out Tensor?[]? parts)) fused[target] = parts = new Tensor?[3];
                parts[Array.IndexOf(Projections, projection.Groups[2].Value)] = tensor;
                continue;
            }
            timm[Single(name, distilled)] = tensor;
        }
        foreach ((string name, Tensor?[] parts) in fused)
        {
            if (parts.Any(part => part is null)) throw new ModelException($"{path}: query, key and value of {name} are not all there; the checkpoint is incomplete");
            timm[name] = cat([.. parts.Select(part => part!)], 0);
        }
        return timm;
    }

    /// <summary>The same tensors under Hugging Face's names (<c>ViTForImageClassification</c>, or <c>DeiTForImageClassificationWithTeacher</c> for distilled models).</summary>
    public static Dictionary<string, Tensor> ToHuggingFace(IReadOnlyDictionary<string, Tensor> state)
    {
        bool distilled = state.ContainsKey("dist_token");
        string root = distilled ? "deit." : "vit.";
        var names = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in state)
        {
            Match block = TimmBlock().Match(name);
            if (block.Success && block.Groups[2].Value.StartsWith("attn.qkv.", StringComparison.Ordinal))
            {
                string kind = block.Groups[2].Value["attn.qkv.".Length..];
                foreach ((string projection, Tensor part) in Projections.Zip(tensor.chunk(3, 0))) names[$"{root}encoder.layer.{block.Groups[1].Value}.attention.attention.{projection}.{kind}"] = part;
            }
            else if (block.Success)
            {
                (string huggingFace, string timm) = InBlock.First(pair => block.Groups[2].Value.StartsWith(pair.Timm + ".", StringComparison.Ordinal));
                names[$"{root}encoder.layer.{block.Groups[1].Value}.{huggingFace}{block.Groups[2].Value[timm.Length..]}"] = tensor;
            }
            else if (name.StartsWith("head.", StringComparison.Ordinal)) names[(distilled ? "cls_classifier" : "classifier") + name["head".Length..]] = tensor;
            else if (name.StartsWith("head_dist.", StringComparison.Ordinal)) names["distillation_classifier" + name["head_dist".Length..]] = tensor;
            else
            {
                (string huggingFace, string timm) = Fixed.First(pair => name == pair.Timm || name.StartsWith(pair.Timm + ".", StringComparison.Ordinal));
                names[root + huggingFace + name[timm.Length..]] = tensor;
            }
        }
        return names;
    }

    private static string Single(string name, bool distilled)
    {
        Match block = HuggingFaceBlock().Match(name);
        if (block.Success)
        {
            foreach ((string huggingFace, string timm) in InBlock)
            {
                if (block.Groups[2].Value.StartsWith(huggingFace + ".", StringComparison.Ordinal)) return $"blocks.{block.Groups[1].Value}.{timm}{block.Groups[2].Value[huggingFace.Length..]}";
            }
        }
        foreach ((string huggingFace, string timm) in Fixed)
        {
            if (name == huggingFace || name.StartsWith(huggingFace + ".", StringComparison.Ordinal)) return timm + name[huggingFace.Length..];
        }
        if (name.StartsWith("distillation_classifier.", StringComparison.Ordinal)) return "head_dist" + name["distillation_classifier".Length..];
        if (name.StartsWith("cls_classifier.", StringComparison.Ordinal) && distilled) return "head" + name["cls_classifier".Length..];
        return name.StartsWith("classifier.", StringComparison.Ordinal) ? "head" + name["classifier".Length..] : name;
    }

    [GeneratedRegex("^(vit|deit)\\.")]
    private static partial Regex Prefix();

    [GeneratedRegex("^encoder\\.layer\\.(\\d+)\\.attention\\.attention\\.(query|key|value)\\.(weight|bias)$")]
    private static partial Regex Projection();

    [GeneratedRegex("^encoder\\.layer\\.(\\d+)\\.(.+)$")]
    private static partial Regex HuggingFaceBlock();

    [GeneratedRegex("^blocks\\.(\\d+)\\.(.+)$")]
    private static partial Regex TimmBlock();
}
