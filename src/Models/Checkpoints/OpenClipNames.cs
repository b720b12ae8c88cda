// Names of the vision tower in OpenAI's and open_clip's own files.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary><c>visual.conv1</c>, <c>visual.transformer.resblocks.0.ln_1</c>, ..., without the prefix.</summary>
internal static partial class OpenClipNames
{
    private static readonly (string Timm, string OpenClip)[] InBlock =
    [
        ("norm1.", "ln_1."),
        ("norm2.", "ln_2."),
        ("attn.qkv.", "attn.in_proj_"),
        ("attn.proj.", "attn.out_proj."),
        ("mlp.fc1.", "mlp.c_fc."),
        ("mlp.fc2.", "mlp.c_proj."),
        ("ls1.", "ls_1."),
        ("ls2.", "ls_2."),
    ];

    private static readonly (string Timm, string OpenClip)[] Around =
    [
        ("patch_embed.proj.", "conv1."),
        ("norm_pre.", "ln_pre."),
        ("norm.", "ln_post."),
    ];

    /// <summary>Whether these are the names of such a tower.</summary>
    public static bool Recognises(IReadOnlyDictionary<string, Tensor> source) =>
        source.ContainsKey("ln_post.weight") && source.ContainsKey("conv1.weight");

    /// <summary>timm's names; the projection becomes a head without bias.</summary>
    /// <exception cref="ModelException">A tensor of other dimensions than a tower's.</exception>
    public static Dictionary<string, Tensor> ToTimm(string path, IReadOnlyDictionary<string, Tensor> source)
    {
        Dictionary<string, Tensor> timm = new(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in source)
        {
            switch (name)
            {
                case "class_embedding":
                    timm["cls_token"] = Of(path, name, tensor, 1).view(1, 1, -1);
                    break;
                case "positional_embedding":
                    timm["pos_embed"] = Of(path, name, tensor, 2).unsqueeze(0);
                    break;
                case "proj":
                    timm["head.weight"] = Of(path, name, tensor, 2).t();
                    timm["head.bias"] = zeros(tensor.shape[1]);
                    break;
                default:
                    timm[Translate(name)] = tensor;
                    break;
            }
        }
        return timm;
    }

    private static Tensor Of(string path, string name, Tensor tensor, int dimensions) =>
        tensor.dim() == dimensions
            ? tensor.contiguous()
            : throw new ModelException($"'{path}': tensor '{name}' is [{string.Join(", ", tensor.shape)}], not of {dimensions} dimensions");

    private static string Translate(string name)
    {
        if (Layer().Match(name) is { Success: true } layer)
        {
            foreach ((string timm, string other) in InBlock)
            {
                if (layer.Groups[2].Value.StartsWith(other, StringComparison.Ordinal))
                    return $"blocks.{layer.Groups[1].Value}.{timm}{layer.Groups[2].Value[other.Length..]}";
            }
        }
        foreach ((string timm, string other) in Around)
        {
            if (name.StartsWith(other, StringComparison.Ordinal))
                return timm + name[other.Length..];
        }
        return name;
    }

    [GeneratedRegex(@"^transformer\.resblocks\.(\d+)\.(.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();
}
