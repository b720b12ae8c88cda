// Names of torchvision's VisionTransformer.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>torchvision's <c>vit_b_16</c> and its kin.</summary>
internal static partial class TorchVisionNames
{
    private static readonly (string Timm, string TorchVision)[] InBlock =
    [
        ("norm1", "ln_1"),
        ("norm2", "ln_2"),
        ("attn.proj", "self_attention.out_proj"),
        ("mlp.fc1", "mlp.0"),
        ("mlp.fc2", "mlp.3"),
        ("mlp.fc1", "mlp.linear_1"),
        ("mlp.fc2", "mlp.linear_2"),
    ];

    private static readonly (string Timm, string TorchVision)[] Around =
    [
        ("patch_embed.proj", "conv_proj"),
        ("norm", "encoder.ln"),
        ("head", "heads.head"),
        ("head", "heads"),
    ];

    /// <summary>timm's names.</summary>
    /// <exception cref="ModelException">It has a representation layer before its head.</exception>
    public static Dictionary<string, Tensor> ToTimm(string path, IReadOnlyDictionary<string, Tensor> source) =>
        source.ContainsKey("heads.pre_logits.weight")
            ? throw new ModelException($"'{path}' was not loaded: it has 'heads.pre_logits', a layer before its head that is not read")
            : source.ToDictionary(pair => Translate(pair.Key), pair => pair.Value, StringComparer.Ordinal);

    private static string Translate(string name)
    {
        if (name == "class_token")
            return "cls_token";
        if (name == "encoder.pos_embedding")
            return "pos_embed";
        if (Fused().Match(name) is { Success: true } fused)
            return $"blocks.{fused.Groups[1].Value}.attn.qkv.{fused.Groups[2].Value}";
        if (Layer().Match(name) is { Success: true } layer)
        {
            foreach ((string timm, string other) in InBlock)
            {
                if (layer.Groups[2].Value == other)
                    return $"blocks.{layer.Groups[1].Value}.{timm}.{layer.Groups[3].Value}";
            }
        }
        foreach ((string timm, string other) in Around)
        {
            if (name.StartsWith(other + ".", StringComparison.Ordinal))
                return timm + name[other.Length..];
        }
        return name;
    }

    [GeneratedRegex(@"^encoder\.layers\.encoder_layer_(\d+)\.self_attention\.in_proj_(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Fused();

    [GeneratedRegex(@"^encoder\.layers\.encoder_layer_(\d+)\.(.+)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();
}
