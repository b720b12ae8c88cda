// From the names that checkpoints come with to timm's.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Brings a state dict without prefix to timm's names: Hugging Face's, torchvision's and the original repositories' names
/// translated.</summary>
internal static partial class TimmNames
{
    /// <summary>The same tensors under timm's names, and whose names they were; tensors that are no part of the network (mask token,
    /// pooler) are left out.</summary>
    /// <exception cref="ModelException">Two tensors come to one name, or an attention misses one of q, k, v.</exception>
    public static (Dictionary<string, Tensor> Tensors, NameStyle Style) From(string path, IReadOnlyDictionary<string, Tensor> source)
    {
        (Dictionary<string, Tensor> tensors, NameStyle style) =
            source.ContainsKey("embeddings.patch_embedding.weight") ? TowerNames.ToTimm(path, source)
            : source.ContainsKey(Dinov3Names.Anchor) ? (Dinov3Names.ToTimm(path, source), NameStyle.HuggingFaceDinov3)
            : OpenClipNames.Recognises(source) ? (OpenClipNames.ToTimm(path, source), NameStyle.OpenClip)
            : source.ContainsKey("conv_proj.weight") ? (TorchVisionNames.ToTimm(path, source), NameStyle.TorchVision)
            : source.Keys.Any(HuggingFaceNames.Recognises) ? HuggingFaceNames.ToTimm(path, source)
            : (new Dictionary<string, Tensor>(source, StringComparer.Ordinal), NameStyle.Timm);
        bool original = tensors.Remove("mask_token");
        if (style == NameStyle.Timm && tensors.Keys.Any(name => Chunked().IsMatch(name)))
            tensors = tensors.ToDictionary(p => Chunked().Replace(p.Key, "blocks.$1."), p => p.Value, StringComparer.Ordinal);
        LearnedRotations(tensors);
        if (original || tensors.ContainsKey("register_tokens"))
            tensors = FromDinov2(tensors);
        Dictionary<string, Tensor> named = new(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in tensors)
        {
            // TinyViT's table of offsets follows from its windows.
            if (name.EndsWith(".attention_bias_idxs", StringComparison.Ordinal))
                continue;
            named[OldLayerScale().Replace(name, "ls$1.gamma")] = tensor;
        }
        if (style == NameStyle.Timm && ParallelNames.Split(path, named))
            style = NameStyle.Parallel;
        if (style == NameStyle.Timm && EvaNames.Fuse(path, named))
            style = NameStyle.Eva;
        // Of BEiT it tells nothing of rotary positions; those of EVA's networks that keep fused maps have these names of LayerScale.
        if (style == NameStyle.Timm && tensors.ContainsKey("blocks.0.gamma_1"))
            style = NameStyle.OldLayerScale;
        return (named, style);
    }

    /// <summary>Separate queries, keys and values of a block as one map.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="target">Fused names, each with its three parts.</param>
    /// <param name="timm">Takes the fused tensors.</param>
    public static void Fuse(string path, SortedDictionary<string, Tensor?[]> target, Dictionary<string, Tensor> timm)
    {
        foreach ((string name, Tensor?[] three) in target)
        {
            int missing = Array.FindIndex(three, t => t is null);
            if (missing >= 0)
                throw new ModelException($"'{path}' misses the attention {HuggingFaceNames.Parts[missing]} of '{name}'");
            if (three.Any(part => part!.dim() == 0 || part.shape[0] != three[0]!.shape[0] || part.dim() != three[0]!.dim()))
                throw new ModelException($"'{path}' has queries, keys and values of several shapes in '{name}'");
            timm[name] = cat([three[0]!, three[1]!, three[2]!], 0);
        }
    }

    // The original DINOv2 files: registers do not take part in the position embedding, so its class entry moves into the class token.
    private static Dictionary<string, Tensor> FromDinov2(Dictionary<string, Tensor> tensors)
    {
        if (tensors.Remove("register_tokens", out Tensor? registers))
        {
            tensors["reg_token"] = registers;
            if (
                tensors.TryGetValue("pos_embed", out Tensor? position)
                && tensors.TryGetValue("cls_token", out Tensor? cls)
                && position.shape is [1, > 1, _]
                && cls.shape is [1, 1, var width]
                && width == position.shape[2]
            )
            {
                tensors["cls_token"] = cls + position.narrow(1, 0, 1);
                tensors["pos_embed"] = position.narrow(1, 1, position.shape[1] - 1).contiguous();
            }
        }
        return tensors.ToDictionary(
            p =>
                p.Key.Replace(".mlp.w12.", ".mlp.fc1.", StringComparison.Ordinal)
                    .Replace(".mlp.w3.", ".mlp.fc2.", StringComparison.Ordinal),
            p => p.Value,
            StringComparer.Ordinal
        );
    }

    // RoPE-Mixed keeps the angles of all blocks in one tensor [2, blocks, heads, pairs]; the original code lays heads and pairs side by
    // side.
    private static void LearnedRotations(Dictionary<string, Tensor> tensors)
    {
        if (!tensors.TryGetValue("rope.freqs", out Tensor? all) || all.dim() != 4 || all.shape[0] != 2)
            return;
        tensors.Remove("rope.freqs");
        for (long block = 0; block < all.shape[1]; block++)
            tensors[FormattableString.Invariant($"blocks.{block}.attn.rope_freqs")] = all.select(1, block).contiguous();
    }

    // DINOv2's trainer cuts the blocks into chunks: blocks.0.1. is block 1.
    [GeneratedRegex(@"^blocks\.\d+\.(\d+)\.(?=norm1\.|norm2\.|attn\.|mlp\.|ls1\.|ls2\.)", RegexOptions.CultureInvariant)]
    private static partial Regex Chunked();

    [GeneratedRegex(@"(?<=^blocks\.\d+\.)gamma_([12])$", RegexOptions.CultureInvariant)]
    private static partial Regex OldLayerScale();
}
