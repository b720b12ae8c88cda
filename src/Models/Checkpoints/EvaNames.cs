// Names of timm's eva.py beside those of its vision_transformer.py.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Brings EVA's separate maps together: queries, keys and values, and the two halves of a SwiGLU.</summary>
internal static class EvaNames
{
    /// <summary>Fuses in place.</summary>
    /// <returns>Whether the tensors are EVA's: queries, keys and values apart, or biases of queries and values alone. Keys then have a bias
    /// of 0.</returns>
    /// <exception cref="ModelException">A part is missing, or of another shape.</exception>
    public static bool Fuse(string path, Dictionary<string, Tensor> named)
    {
        bool eva = false;
        for (int block = 0; ; block++)
        {
            string at = FormattableString.Invariant($"blocks.{block}."),
                attention = at + "attn.";
            if (!named.ContainsKey(at + "norm1.weight"))
                return eva;
            if (named.Remove(attention + "q_proj.weight", out Tensor? query))
            {
                eva = true;
                named[attention + "qkv.weight"] = Joined(
                    path,
                    attention + "q_proj.weight",
                    [query, Part(path, named, attention + "k_proj.weight"), Part(path, named, attention + "v_proj.weight")]
                );
                if (named.Remove(attention + "q_proj.bias", out Tensor? bias))
                    Biases(
                        attention,
                        bias,
                        Part(path, named, attention + "v_proj.bias"),
                        named.Remove(attention + "k_proj.bias", out Tensor? own) ? own : null
                    );
            }
            else if (named.ContainsKey(attention + "qkv.weight") && named.Remove(attention + "q_bias", out Tensor? bias))
            {
                eva = true;
                Biases(
                    attention,
                    bias,
                    Part(path, named, attention + "v_bias"),
                    named.Remove(attention + "k_bias", out Tensor? own) ? own : null
                );
            }
            string mlp = at + "mlp.";
            foreach ((string gate, string value, string last) in new[] { ("fc1_g", "fc1_x", "fc2"), ("w1", "w2", "w3") })
            {
                foreach (string kind in new[] { "weight", "bias" })
                {
                    if (!named.Remove($"{mlp}{gate}.{kind}", out Tensor? gates))
                        continue;
                    named[$"{mlp}fc1.{kind}"] = Joined(path, $"{mlp}{gate}.{kind}", [gates, Part(path, named, $"{mlp}{value}.{kind}")]);
                    if (last != "fc2" && named.Remove($"{mlp}{last}.{kind}", out Tensor? down))
                        named[$"{mlp}fc2.{kind}"] = down;
                }
            }
        }

        void Biases(string attention, Tensor query, Tensor value, Tensor? key) =>
            named[attention + "qkv.bias"] = Joined(path, attention + "qkv.bias", [query, key ?? zeros_like(query), value]);
    }

    private static Tensor Part(string path, Dictionary<string, Tensor> named, string name) =>
        named.Remove(name, out Tensor? tensor) ? tensor : throw new ModelException($"'{path}' was not loaded: it misses {name}");

    private static Tensor Joined(string path, string name, Tensor[] parts) =>
        parts.All(part => part.dim() > 0 && part.shape.SequenceEqual(parts[0].shape))
            ? cat(parts, 0)
            : throw new ModelException($"'{path}' was not loaded: '{name}' and its companions are of several shapes");
}
