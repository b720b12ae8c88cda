// A student cut out of its teacher: every k-th block, and of each width the parts that carry most weight.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Copies slices of the teacher's weights. Tensors that the teacher lacks keep their random start.</summary>
/// <remarks>
/// Embedding channels are kept by the squared weights that write to them (patch embedding, position, attention and MLP outputs) over all
/// blocks,
/// one choice for the whole model because the residual stream shares them. Heads are taken evenly; inside a head, the query-key and the
/// value
/// dimensions with the largest products of norms; in the MLP, the units with the largest product of incoming and outgoing norms.
/// </remarks>
internal static class SliceInit
{
    /// <summary>Fills the student in place.</summary>
    /// <exception cref="DistillException">The student is wider than its teacher, or built differently.</exception>
    public static void Apply(VisionTransformer student, VisionTransformer teacher)
    {
        VitConfig s = student.Config,
            t = teacher.Config;
        int headS = s.Width / s.Heads,
            headT = t.Width / t.Heads;
        if (s.Width > t.Width || s.Heads > t.Heads || headS > headT || s.MlpHidden > t.MlpHidden || s.Depth > t.Depth)
            throw new DistillException(
                $"a student of width {s.Width}, {s.Heads} heads of {headS}, MLP {s.MlpHidden}, depth {s.Depth} cannot be cut out of a teacher of width {t.Width}, {t.Heads} heads of {headT}, MLP {t.MlpHidden}, depth {t.Depth}: each must be at most the teacher's; use Init random"
            )
            {
                Options = [nameof(DistillOptions.Init)],
            };
        if (
            s.PatchSize != t.PatchSize
            || s.CrossBias
            || t.CrossBias
            || s.SwiGlu
            || t.SwiGlu
            || s.QkvBias != t.QkvBias
            || s.LayerScale != t.LayerScale
            || s.NoEmbedClass != t.NoEmbedClass
            || s.PrefixTokens != t.PrefixTokens
            || s.PreNorm != t.PreNorm
            || s.Activation != t.Activation
            || s.Pooling != t.Pooling
            || s.FcNorm != t.FcNorm
            || s.ClassToken != t.ClassToken
            || s.QkNorm != t.QkNorm
            || s.PostNorm != t.PostNorm
            || s.RelativeBias
            || t.RelativeBias
            || s.ParallelBranches
            || t.ParallelBranches
            || s.FinalNorm != t.FinalNorm
        )
            throw new DistillException(
                "a student can be cut out of its teacher only where both share patch size, prefix tokens, qkv bias, LayerScale and position embedding, without SwiGLU; use Init random"
            )
            {
                Options = [nameof(DistillOptions.Init)],
            };

        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        new Cut(student, teacher).Copy();
    }

    private sealed class Cut(VisionTransformer student, VisionTransformer teacher)
    {
        private readonly VitConfig s = student.Config,
            t = teacher.Config;
        private readonly IReadOnlyDictionary<string, torch.Tensor> to = student.StateDict(),
            from = teacher.StateDict();

        public void Copy()
        {
            torch.Tensor channels = Channels();
            foreach (string name in (string[])["cls_token", "dist_token", "reg_token", "pos_embed"])
                Put(name, name, value => value.index_select(-1, channels));
            foreach (
                string name in (string[])
                    ["patch_embed.proj.weight", "patch_embed.proj.bias", "norm_pre.weight", "norm_pre.bias", "norm.weight", "norm.bias"]
            )
                Put(name, name, value => value.index_select(0, channels));
            foreach (string head in (string[])["head", "head_dist"])
            {
                Put(head + ".weight", head + ".weight", value => value.index_select(1, channels));
                Put(head + ".bias", head + ".bias", value => value);
            }
            foreach ((int sb, int tb) in LayerMap.Evenly(s.Depth, t.Depth))
                Block($"blocks.{sb}.", $"blocks.{tb}.", channels);
        }

        private void Block(string sb, string tb, torch.Tensor channels)
        {
            foreach (string name in (string[])["norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias", "ls1.gamma", "ls2.gamma"])
                Put(sb + name, tb + name, value => value.index_select(0, channels));
            (torch.Tensor queryKey, torch.Tensor value) = HeadRows(tb);
            torch.Tensor rows = torch.cat([queryKey, queryKey + t.Width, value + (2 * t.Width)]);
            // Attention divides by √head_dim: fewer dimensions need queries and keys scaled so that the products keep their temperature.
            double scale = Math.Pow((double)(s.Width / s.Heads) / (t.Width / t.Heads), 0.25);
            torch.Tensor scales = torch.cat([
                torch.full(2 * s.Width, scale, device: rows.device),
                torch.ones(s.Width, device: rows.device),
            ]);
            Put(sb + "attn.qkv.weight", tb + "attn.qkv.weight", weight =>
                weight.index_select(0, rows).index_select(1, channels) * scales.unsqueeze(1)
            );
            Put(sb + "attn.qkv.bias", tb + "attn.qkv.bias", bias => bias.index_select(0, rows) * scales);
            Put(sb + "attn.proj.weight", tb + "attn.proj.weight", weight => weight.index_select(0, channels).index_select(1, value));
            Put(sb + "attn.proj.bias", tb + "attn.proj.bias", bias => bias.index_select(0, channels));

            torch.Tensor units = Top(
                from[tb + "mlp.fc1.weight"].norm(1, false, 2) * from[tb + "mlp.fc2.weight"].norm(0, false, 2),
                s.MlpHidden
            );
            Put(sb + "mlp.fc1.weight", tb + "mlp.fc1.weight", weight => weight.index_select(0, units).index_select(1, channels));
            Put(sb + "mlp.fc1.bias", tb + "mlp.fc1.bias", bias => bias.index_select(0, units));
            Put(sb + "mlp.fc2.weight", tb + "mlp.fc2.weight", weight => weight.index_select(0, channels).index_select(1, units));
            Put(sb + "mlp.fc2.bias", tb + "mlp.fc2.bias", bias => bias.index_select(0, channels));
        }

        // Rows (0..Width) of the query/key and of the value parts: heads evenly, dimensions by product of norms.
        private (torch.Tensor QueryKey, torch.Tensor Value) HeadRows(string block)
        {
            int headS = s.Width / s.Heads,
                headT = t.Width / t.Heads;
            torch.Tensor[] qkv = from[block + "attn.qkv.weight"].norm(1, false, 2).chunk(3);
            torch.Tensor queryKey = qkv[0] * qkv[1],
                value = qkv[2] * from[block + "attn.proj.weight"].norm(0, false, 2);
            List<torch.Tensor> qk = [],
                v = [];
            foreach ((int _, int head) in LayerMap.Evenly(s.Heads, t.Heads))
            {
                qk.Add(Top(queryKey.narrow(0, head * headT, headT), headS) + (head * headT));
                v.Add(Top(value.narrow(0, head * headT, headT), headS) + (head * headT));
            }
            return (torch.cat(qk), torch.cat(v));
        }

        private torch.Tensor Channels()
        {
            torch.Tensor importance = from["patch_embed.proj.weight"].flatten(1).square().sum(1) + from["pos_embed"].square().sum([0, 1]);
            for (int block = 0; block < t.Depth; block++)
                importance +=
                    from[$"blocks.{block}.attn.proj.weight"].square().sum(1) + from[$"blocks.{block}.mlp.fc2.weight"].square().sum(1);
            return Top(importance, s.Width);
        }

        // Indices of the largest values, ascending, ties to the earlier.
        private static torch.Tensor Top(torch.Tensor importance, int count)
        {
            float[] values = HostReads.Floats(importance);
            long[] chosen =
            [
                .. Enumerable
                    .Range(0, values.Length)
                    .OrderByDescending(i => values[i])
                    .ThenBy(i => i)
                    .Take(count)
                    .Order()
                    .Select(i => (long)i),
            ];
            return torch.tensor(chosen, device: importance.device);
        }

        private void Put(string toName, string fromName, Func<torch.Tensor, torch.Tensor> cut)
        {
            if (to.TryGetValue(toName, out torch.Tensor? target) && from.TryGetValue(fromName, out torch.Tensor? source))
                target.copy_(cut(source));
        }
    }
}
