// Hugging Face's names of ViT and DeiT, both ways.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Names of transformers' ViT, DeiT, BEiT, Data2Vec, Dinov2 and Dinov2WithRegisters, classifiers and bare backbones.</summary>
internal static partial class HuggingFaceNames
{
    /// <summary>The parts of an attention, as their names have them.</summary>
    public static readonly string[] Parts = ["query", "key", "value"];

    // timm's name (block names without their prefix) and Hugging Face's.
    private static readonly (string Timm, string HuggingFace)[] Stem =
    [
        ("cls_token", "embeddings.cls_token"),
        ("dist_token", "embeddings.distillation_token"),
        ("pos_embed", "embeddings.position_embeddings"),
        ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
        ("norm", "layernorm"),
        ("register_tokens", "embeddings.register_tokens"),
    ];

    private static readonly (string Timm, string HuggingFace)[] InBlock =
    [
        ("norm1", "layernorm_before"),
        ("attn.proj", "attention.output.dense"),
        ("norm2", "layernorm_after"),
        ("mlp.fc1", "intermediate.dense"),
        ("mlp.fc2", "output.dense"),
    ];

    // Of Dinov2 alone.
    private static readonly (string Timm, string HuggingFace)[] InDinov2 =
    [
        ("norm1", "norm1"),
        ("norm2", "norm2"),
        ("mlp.fc1", "mlp.fc1"),
        ("mlp.fc2", "mlp.fc2"),
        ("mlp.fc1", "mlp.weights_in"),
        ("mlp.fc2", "mlp.weights_out"),
    ];

    private const string MeanNorm = "pooler.layernorm.",
        SharedPositions = "encoder.relative_position_bias.";

    /// <summary>Whether a tensor's name is one of Hugging Face's.</summary>
    public static bool Recognises(string name) => Recognised().IsMatch(name);

    /// <summary>timm's names, and of which class they were; separate q, k, v are fused.</summary>
    public static (Dictionary<string, Tensor> Tensors, NameStyle Style) ToTimm(string path, IReadOnlyDictionary<string, Tensor> source)
    {
        bool dinov2 = source.Keys.Any(name => name.Contains(".layer_scale1.", StringComparison.Ordinal));
        Dictionary<string, Tensor> timm = new(StringComparer.Ordinal);
        SortedDictionary<string, Tensor?[]> fused = new(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in source)
        {
            // The pooler of a bare backbone and the mask token of masked pre-training classify nothing.
            // BEiT's pooler is the norm behind its mean of the patches.
            if (
                (name.StartsWith("pooler.", StringComparison.Ordinal) && !name.StartsWith(MeanNorm, StringComparison.Ordinal))
                || name == "embeddings.mask_token"
            )
                continue;
            if (name.StartsWith(MeanNorm, StringComparison.Ordinal))
            {
                timm["fc_norm." + name[MeanNorm.Length..]] = tensor;
                continue;
            }
            if (name.StartsWith(SharedPositions, StringComparison.Ordinal))
            {
                timm["rel_pos_bias." + name[SharedPositions.Length..]] = tensor;
                continue;
            }
            if (OfBeit().Match(name) is { Success: true } own)
            {
                timm[
                    $"blocks.{own.Groups[1].Value}."
                        + (own.Groups[2].Success ? $"ls{own.Groups[2].Value}.gamma" : $"attn.{own.Groups[3].Value}")
                ] = tensor;
                continue;
            }
            if (AttentionPart().Match(name) is { Success: true } part)
            {
                string target = $"blocks.{part.Groups[1].Value}.attn.qkv.{part.Groups[3].Value}";
                if (!fused.TryGetValue(target, out Tensor?[]? three))
                    fused.Add(target, three = new Tensor?[3]);
                three[Array.IndexOf(Parts, part.Groups[2].Value)] = tensor;
                continue;
            }
            timm[Scale().Replace(Translate(name), "blocks.$1.ls$2.gamma")] = tensor;
        }
        bool beit = source.Keys.Any(name =>
            OfBeit().IsMatch(name)
            || name.StartsWith(SharedPositions, StringComparison.Ordinal)
            || name.StartsWith(MeanNorm, StringComparison.Ordinal)
        );
        // Its keys have no bias.
        foreach ((string target, Tensor?[] three) in fused)
        {
            if (beit && target.EndsWith(".bias", StringComparison.Ordinal) && three is [{ } query, null, not null])
                three[1] = zeros_like(query);
        }
        TimmNames.Fuse(path, fused, timm);
        // Two heads have names of their own; one head, even of a network with a distillation token, reads the class token.
        if (timm.ContainsKey("dist_token") && timm.ContainsKey("head.weight") && !timm.ContainsKey("head_dist.weight"))
            OneHead(timm);
        return (
            timm,
            beit ? NameStyle.HuggingFaceBeit
            : dinov2 ? NameStyle.HuggingFaceDinov2
            : NameStyle.HuggingFaceVit
        );
    }

    /// <summary>Hugging Face's names; the fused qkv is split.</summary>
    /// <exception cref="ModelException">The architecture has a part that Hugging Face's ViT and DeiT lack.</exception>
    public static Dictionary<string, Tensor> FromTimm(IReadOnlyDictionary<string, Tensor> state, VitConfig config)
    {
        string? lacking =
            config.LayerScale ? "LayerScale"
            : config.CrossBias ? "convolution and involution tokens"
            : config.RegisterTokens > 0 ? "register tokens"
            : config.NoEmbedClass ? "a position embedding without class entry"
            : config.SwiGlu ? "a SwiGLU MLP"
            : config.PreNorm ? "a norm before the blocks"
            : config.Pooling != Pooling.Token || config.FcNorm ? "another pooling than by the class token"
            : !config.ClassToken ? "no class token"
            : config.QkNorm ? "norms of queries and keys"
            : config.PostNorm ? "norms after its branches"
            : config.RmsNorm ? "RMSNorm"
            : !config.ProjectionBias || config.EmbedNorm || config.AttentionNorm || config.MlpNorm ? "norms or biases in other places"
            : config.Rotary is not null ? "rotary positions"
            : config.RelativeBias ? "relative position biases"
            : config.ParallelBranches ? "parallel branches"
            : !config.FinalNorm ? "no final norm"
            : null;
        if (lacking is not null)
            throw new ModelException($"this model has {lacking}, which Hugging Face's ViT and DeiT lack: save it with timm naming");
        string backbone =
            config.Classes == 0 ? string.Empty
            : config.Distilled ? "deit."
            : "vit.";
        Dictionary<string, Tensor> named = new(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in state)
        {
            if (TimmBlock().Match(name) is { Success: true } inBlock)
            {
                string layer = $"{backbone}encoder.layer.{inBlock.Groups[1].Value}.",
                    part = inBlock.Groups[2].Value,
                    kind = inBlock.Groups[3].Value;
                if (part == "attn.qkv")
                {
                    for (int i = 0; i < 3; i++)
                        named[$"{layer}attention.attention.{Parts[i]}.{kind}"] = tensor.detach().narrow(0, i * config.Width, config.Width);
                }
                else
                {
                    named[$"{layer}{InBlock.Single(p => p.Timm == part).HuggingFace}.{kind}"] = tensor;
                }
            }
            else if (name.StartsWith("head_dist.", StringComparison.Ordinal))
                named["distillation_classifier" + name["head_dist".Length..]] = tensor;
            else if (name.StartsWith("head.", StringComparison.Ordinal))
                named[(config.Distilled ? "cls_classifier" : "classifier") + name["head".Length..]] = tensor;
            else
            {
                (string timm, string huggingFace) = Stem.Single(p =>
                    name == p.Timm || name.StartsWith(p.Timm + ".", StringComparison.Ordinal)
                );
                named[backbone + huggingFace + name[timm.Length..]] = tensor;
            }
        }
        return named;
    }

    private static string Translate(string name)
    {
        if (Layer().Match(name) is { Success: true } layer)
        {
            foreach ((string timm, string huggingFace) in InBlock.Concat(InDinov2))
            {
                if (layer.Groups[2].Value == huggingFace)
                    return $"blocks.{layer.Groups[1].Value}.{timm}.{layer.Groups[3].Value}";
            }
        }
        foreach ((string timm, string huggingFace) in Stem)
        {
            if (name == huggingFace || name.StartsWith(huggingFace + ".", StringComparison.Ordinal))
                return timm + name[huggingFace.Length..];
        }
        foreach (
            (string timm, string huggingFace) in new[]
            {
                ("head", "cls_classifier"),
                ("head_dist", "distillation_classifier"),
                ("head", "classifier"),
            }
        )
        {
            if (name.StartsWith(huggingFace + ".", StringComparison.Ordinal))
                return timm + name[huggingFace.Length..];
        }
        return name;
    }

    // DeiTForImageClassification reads the class token and has no use for the distillation token's output; the token still takes part in
    // attention, as one more register with a position of its own.
    private static void OneHead(Dictionary<string, Tensor> timm)
    {
        timm["reg_token"] = timm["dist_token"];
        timm.Remove("dist_token");
    }

    [GeneratedRegex(@"^(embeddings\.|encoder\.layer\.)", RegexOptions.CultureInvariant)]
    private static partial Regex Recognised();

    [GeneratedRegex(
        @"^encoder\.layer\.(\d+)\.(?:lambda_([12])|attention\.attention\.relative_position_bias\.(.+))$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex OfBeit();

    [GeneratedRegex(@"^encoder\.layer\.(\d+)\.layer_scale([12])\.lambda1$", RegexOptions.CultureInvariant)]
    private static partial Regex Scale();

    [GeneratedRegex(@"^encoder\.layer\.(\d+)\.attention\.attention\.(query|key|value)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex AttentionPart();

    [GeneratedRegex(@"^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();

    [GeneratedRegex(@"^blocks\.(\d+)\.(.+)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex TimmBlock();
}
