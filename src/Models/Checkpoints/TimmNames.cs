// From the names that checkpoints come with to timm's.

using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Brings a state dict to timm's names: wrappers' prefixes dropped, Hugging Face's and the original repositories' names translated.</summary>
internal static partial class TimmNames
{
    private static readonly string[] Wrappers = ["module.", "_orig_mod.", "backbone."];

    /// <summary>The same tensors under timm's names; tensors that are no part of the network (mask token, pooler) are left out.</summary>
    /// <exception cref="ModelException">Two tensors come to one name, or a Hugging Face attention misses one of q, k, v.</exception>
    public static Dictionary<string, Tensor> From(string path, IReadOnlyDictionary<string, Tensor> source)
    {
        Dictionary<string, Tensor> tensors = Unwrapped(path, WithClassifierInside(source));
        if (tensors.Keys.Any(k => HuggingFaceNames.Recognises(k))) tensors = HuggingFaceNames.ToTimm(path, tensors);
        else if (tensors.Remove("mask_token") || tensors.ContainsKey("register_tokens")) tensors = FromDinov2(tensors);
        Dictionary<string, Tensor> named = new(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in tensors)
        {
            // TinyViT's table of offsets follows from its windows.
            if (name.StartsWith("pre_logits", StringComparison.Ordinal) || name.EndsWith(".attention_bias_idxs", StringComparison.Ordinal)) continue;
            named[OldLayerScale().Replace(name, "ls$1.gamma")] = tensor;
        }
        return named;
    }

    // The official RedNet files keep the classifier beside the backbone.
    private static Dictionary<string, Tensor> WithClassifierInside(IReadOnlyDictionary<string, Tensor> source) => new(
        source.ContainsKey("backbone.stem.1.conv1.conv.weight") ? source.Select(p => KeyValuePair.Create(p.Key.StartsWith("head.fc.", StringComparison.Ordinal) ? "backbone." + p.Key["head.".Length..] : p.Key, p.Value)) : source, StringComparer.Ordinal);

    // DistributedDataParallel, torch.compile and DINO's student and teacher wrap every name.
    private static Dictionary<string, Tensor> Unwrapped(string path, IReadOnlyDictionary<string, Tensor> source)
    {
        Dictionary<string, Tensor> tensors = new(source, StringComparer.Ordinal);
        for (bool again = true; again;)
        {
            again = false;
            foreach (string wrapper in Wrappers)
            {
                if (!tensors.Keys.Any(k => k.StartsWith(wrapper, StringComparison.Ordinal))) continue;
                Dictionary<string, Tensor> bare = new(StringComparer.Ordinal);
                foreach ((string name, Tensor tensor) in tensors)
                {
                    bool wrapped = name.StartsWith(wrapper, StringComparison.Ordinal);
                    // What stands beside a backbone is a projection head of its training, no part of the network.
                    if (!wrapped && wrapper == "backbone.") continue;
                    if (!bare.TryAdd(wrapped ? name[wrapper.Length..] : name, tensor)) throw new ModelException($"'{path}' holds '{name}' both with and without the prefix '{wrapper}'");
                }
                (tensors, again) = (bare, true);
            }
        }
        return tensors;
    }

    // The original DINOv2 files: registers do not take part in the position embedding, so its class entry moves into the class token.
    private static Dictionary<string, Tensor> FromDinov2(Dictionary<string, Tensor> tensors)
    {
        if (tensors.Remove("register_tokens", out Tensor? registers))
        {
            tensors["reg_token"] = registers;
            if (tensors.TryGetValue("pos_embed", out Tensor? position) && tensors.TryGetValue("cls_token", out Tensor? cls) && position.shape is [1, > 1, _])
            {
                tensors["cls_token"] = cls + position.narrow(1, 0, 1);
                tensors["pos_embed"] = position.narrow(1, 1, position.shape[1] - 1).contiguous();
            }
        }
        return tensors.ToDictionary(p => p.Key.Replace(".mlp.w12.", ".mlp.fc1.", StringComparison.Ordinal).Replace(".mlp.w3.", ".mlp.fc2.", StringComparison.Ordinal), p => p.Value, StringComparer.Ordinal);
    }

    [GeneratedRegex(@"gamma_([12])$", RegexOptions.CultureInvariant)]
    private static partial Regex OldLayerScale();
}
