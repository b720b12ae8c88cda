// Hugging Face's names of ViT and DeiT, both ways.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Names of transformers' ViTForImageClassification, DeiTForImageClassificationWithTeacher and their bare backbones.</summary>
internal static partial class HuggingFaceNames
{
    private static readonly string[] Parts = ["query", "key", "value"];

    // timm's name (block names without their prefix) and Hugging Face's.
    private static readonly (string Timm, string HuggingFace)[] Stem =
    [
        ("cls_token", "embeddings.cls_token"), ("dist_token", "embeddings.distillation_token"), ("pos_embed", "embeddings.position_embeddings"),
        ("patch_embed.proj", "embeddings.patch_embeddings.projection"), ("norm", "layernorm"),
    ];

    private static readonly (string Timm, string HuggingFace)[] InBlock =
    [
        ("norm1", "layernorm_before"), ("attn.proj", "attention.output.dense"), ("norm2", "layernorm_after"),
        ("mlp.fc1", "intermediate.dense"), ("mlp.fc2", "output.dense"),
    ];

    /// <summary>Whether a tensor's name is one of Hugging Face's.</summary>
    public static bool Recognises(string name) => Recognised().IsMatch(name);

    /// <summary>timm's names; separate q, k, v are fused.</summary>
    public static Dictionary<string, Tensor> ToTimm(string path, IReadOnlyDictionary<string, Tensor> source)
    {
        Dictionary<string, Tensor> timm = new(StringComparer.Ordinal);
        SortedDictionary<string, Tensor?[]> fused = new(StringComparer.Ordinal);
        foreach ((string full, Tensor tensor) in source)
        {
            string name = Backbone().Replace(full, string.Empty);
            // The pooler of a bare backbone and the mask token of masked pre-training classify nothing.
            if (name.StartsWith("pooler.", StringComparison.Ordinal) || name == "embeddings.mask_token") continue;
            if (AttentionPart().Match(name) is { Success: true } part)
            {
                string target = $"blocks.{part.Groups[1].Value}.attn.qkv.{part.Groups[3].Value}";
                if (!fused.TryGetValue(target, out Tensor?[]? three)) fused.Add(target, three = new Tensor?[3]);
                three[Array.IndexOf(Parts, part.Groups[2].Value)] = tensor;
                continue;
            }
            timm[Translate(name)] = tensor;
        }
        foreach ((string target, Tensor?[] three) in fused)
        {
            int missing = Array.FindIndex(three, t => t is null);
            if (missing >= 0) throw new ModelException($"'{path}' misses the attention {Parts[missing]} of '{target}'");
            timm[target] = cat([three[0]!, three[1]!, three[2]!], 0);
        }
        return timm;
    }

    /// <summary>Hugging Face's names; the fused qkv is split.</summary>
    /// <exception cref="ModelException">The architecture has a part that Hugging Face's ViT and DeiT lack.</exception>
    public static Dictionary<string, Tensor> FromTimm(IReadOnlyDictionary<string, Tensor> state, VitConfig config)
    {
        string? lacking = config.LayerScale ? "LayerScale" : config.CrossBias ? "convolution and involution tokens" : config.RegisterTokens > 0 ? "register tokens" : config.NoEmbedClass ? "a position embedding without class entry" : config.SwiGlu ? "a SwiGLU MLP" : config.PreNorm ? "a norm before the blocks" : null;
        if (lacking is not null) throw new ModelException($"this model has {lacking}, which Hugging Face's ViT and DeiT lack: save it with timm naming");
        string backbone = config.Classes == 0 ? string.Empty : config.Distilled ? "deit." : "vit.";
        Dictionary<string, Tensor> named = new(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in state)
        {
            if (TimmBlock().Match(name) is { Success: true } inBlock)
            {
                string layer = $"{backbone}encoder.layer.{inBlock.Groups[1].Value}.", part = inBlock.Groups[2].Value, kind = inBlock.Groups[3].Value;
                if (part == "attn.qkv")
                {
                    for (int i = 0; i < 3; i++) named[$"{layer}attention.attention.{Parts[i]}.{kind}"] = tensor.detach().narrow(0, i * config.Width, config.Width);
                }
                else
                {
                    named[$"{layer}{InBlock.Single(p => p.Timm == part).HuggingFace}.{kind}"] = tensor;
                }
            }
            else if (name.StartsWith("head_dist.", StringComparison.Ordinal)) named["distillation_classifier" + name["head_dist".Length..]] = tensor;
            else if (name.StartsWith("head.", StringComparison.Ordinal)) named[(config.Distilled ? "cls_classifier" : "classifier") + name["head".Length..]] = tensor;
            else
            {
                (string timm, string huggingFace) = Stem.Single(p => name == p.Timm || name.StartsWith(p.Timm + ".", StringComparison.Ordinal));
                named[backbone + huggingFace + name[timm.Length..]] = tensor;
            }
        }
        return named;
    }

    private static string Translate(string name)
    {
        if (Layer().Match(name) is { Success: true } layer)
        {
            foreach ((string timm, string huggingFace) in InBlock)
            {
                if (layer.Groups[2].Value == huggingFace) return $"blocks.{layer.Groups[1].Value}.{timm}.{layer.Groups[3].Value}";
            }
        }
        foreach ((string timm, string huggingFace) in Stem)
        {
            if (name == huggingFace || name.StartsWith(huggingFace + ".", StringComparison.Ordinal)) return timm + name[huggingFace.Length..];
        }
        foreach ((string timm, string huggingFace) in new[] { ("head", "cls_classifier"), ("head_dist", "distillation_classifier"), ("head", "classifier") })
        {
            if (name.StartsWith(huggingFace + ".", StringComparison.Ordinal)) return timm + name[huggingFace.Length..];
        }
        return name;
    }

    [GeneratedRegex(@"^((vit|deit)\.)?(embeddings\.|encoder\.layer\.)", RegexOptions.CultureInvariant)]
    private static partial Regex Recognised();

    [GeneratedRegex(@"^(vit|deit)\.", RegexOptions.CultureInvariant)]
    private static partial Regex Backbone();

    [GeneratedRegex(@"^encoder\.layer\.(\d+)\.attention\.attention\.(query|key|value)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex AttentionPart();

    [GeneratedRegex(@"^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();

    [GeneratedRegex(@"^blocks\.(\d+)\.(.+)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex TimmBlock();
}
