// Names of timm's ParallelScalingBlock, which has one map into and one norm before both branches.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Cuts the one map of each block into those of attention and MLP.</summary>
internal static class ParallelNames
{
    /// <summary>Renames and cuts in place.</summary>
    /// <returns>Whether the tensors were of such blocks. Those with differential attention are left as they are.</returns>
    /// <exception cref="ModelException">A part is missing, or of another shape.</exception>
    public static bool Split(string path, Dictionary<string, Tensor> named)
    {
        if (named.ContainsKey("blocks.0.lambda_q1") || named.ContainsKey("blocks.0.lambda_a"))
            return false;
        for (int block = 0; ; block++)
        {
            string at = FormattableString.Invariant($"blocks.{block}.");
            if (!named.Remove(at + "in_proj.weight", out Tensor? map))
                return block > 0;
            long width = map.dim() == 2 ? map.shape[1] : 0,
                hidden = map.dim() == 2 ? map.shape[0] - (3 * width) : 0;
            if (hidden <= 0)
                throw new ModelException(
                    $"'{path}' was not loaded: tensor '{at}in_proj.weight' is [{string.Join(", ", map.shape)}], not of queries, keys, values and an MLP"
                );
            (named[at + "mlp.fc1.weight"], named[at + "attn.qkv.weight"]) = (map.narrow(0, 0, hidden), map.narrow(0, hidden, 3 * width));
            if (named.Remove(at + "in_proj.bias", out Tensor? bias))
            {
                if (bias.shape is not [var all] || all != map.shape[0])
                    throw new ModelException(
                        $"'{path}' was not loaded: tensor '{at}in_proj.bias' is [{string.Join(", ", bias.shape)}], not [{map.shape[0]}]"
                    );
                (named[at + "mlp.fc1.bias"], named[at + "attn.qkv.bias"]) = (bias.narrow(0, 0, hidden), bias.narrow(0, hidden, 3 * width));
            }
            Rename(at + "mlp_bias", at + "mlp.fc1.bias");
            // One map out of both branches side by side is the sum of two.
            if (named.Remove(at + "out_proj.weight", out Tensor? joined))
            {
                if (joined.shape is not [_, var inner] || inner != width + hidden)
                    throw new ModelException(
                        $"'{path}' was not loaded: tensor '{at}out_proj.weight' is [{string.Join(", ", joined.shape)}], not [{width}, {width + hidden}]"
                    );
                (named[at + "attn.proj.weight"], named[at + "mlp.fc2.weight"]) = (
                    joined.narrow(1, 0, width),
                    joined.narrow(1, width, hidden)
                );
                if (named.Remove(at + "out_proj.bias", out Tensor? last))
                    (named[at + "attn.proj.bias"], named[at + "mlp.fc2.bias"]) = (last, zeros_like(last));
            }
            Rename(at + "ls.gamma", at + "ls1.gamma");
            foreach (string kind in new[] { "weight", "bias" })
            {
                Rename($"{at}in_norm.{kind}", $"{at}norm1.{kind}");
                Rename($"{at}attn_out_proj.{kind}", $"{at}attn.proj.{kind}");
                Rename($"{at}mlp_out_proj.{kind}", $"{at}mlp.fc2.{kind}");
                foreach (string part in new[] { "q_norm", "k_norm" })
                    Rename($"{at}{part}.{kind}", $"{at}attn.{part}.{kind}");
            }
        }

        void Rename(string from, string to)
        {
            if (named.Remove(from, out Tensor? tensor))
                named[to] = tensor;
        }
    }
}
