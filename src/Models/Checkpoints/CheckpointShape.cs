// Reads an architecture off the tensors themselves.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

internal static class CheckpointShape
{
    /// <summary>The architecture that a state dictionary (timm names) has; heads and epsilon come from outside, since no tensor shows them.</summary>
    public static VitConfig Infer(string path, IReadOnlyDictionary<string, Tensor> state, int? heads, double epsilon)
    {
        long[] patch = Shape("patch_embed.proj.weight", 4);
        long[] position = Shape("pos_embed", 3);
        if (patch[1] != 3 || patch[2] != patch[3]) throw new ModelException($"{path}: patch embedding of shape [{string.Join(", ", patch)}]; only square patches of 3 channels are supported");
        int width = (int)patch[0];
        int depth = 1 + state.Keys.Where(name => name.StartsWith("blocks.", StringComparison.Ordinal)).Select(name => int.TryParse(name.Split('.')[1], out int at) ? at : -1).DefaultIfEmpty(-1).Max();
        bool distilled = state.ContainsKey("dist_token");
        int registers = state.TryGetValue("reg_token", out Tensor? tokens) ? (int)tokens.shape[1] : 0;
        int prefix = 1 + (distilled ? 1 : 0) + registers;

        // The patches form a square grid: a count that is a square as it stands covers patches only (no_embed_class).
        long count = position[1];
        int grid = Root(count - prefix), bare = Root(count);
        if (grid == 0 && bare == 0) throw new ModelException($"{path}: pos_embed has {count} positions, which is no square grid plus {prefix} prefix tokens");
        bool noEmbedClass = grid == 0;

        long[] fc1 = Shape("blocks.0.mlp.fc1.weight", 2), fc2 = Shape("blocks.0.mlp.fc2.weight", 2);
        return new VitConfig
        {
            ImageSize = (noEmbedClass ? bare : grid) * (int)patch[2],
            PatchSize = (int)patch[2],
            Classes = state.TryGetValue("head.weight", out Tensor? head) ? (int)head.shape[0] : 0,
            Width = width,
            Depth = depth,
            Heads = heads ?? (width % 64 == 0 ? width / 64 : throw new ModelException($"{path}: the number of heads is not in a config and width {width} is no multiple of 64; give it with --heads")),
            MlpHidden = (int)fc2[1],
            SwiGlu = fc1[0] == 2 * fc2[1],
            QkvBias = state.ContainsKey("blocks.0.attn.qkv.bias"),
            Distilled = distilled,
            RegisterTokens = registers,
            LayerScale = state.ContainsKey("blocks.0.ls1.gamma"),
            NoEmbedClass = noEmbedClass,
            PreNorm = state.ContainsKey("norm_pre.weight"),
            LayerNormEpsilon = epsilon,
        };

        long[] Shape(string name, int dimensions)
        {
            if (!state.TryGetValue(name, out Tensor? tensor)) throw new ModelException($"{path}: no tensor '{name}'; this is not a ViT under timm's or Hugging Face's names (first names: {string.Join(", ", state.Keys.Take(3))})");
            return tensor.shape.Length == dimensions ? tensor.shape : throw new ModelException($"{path}: tensor '{name}' has {tensor.shape.Length} dimensions where {dimensions} are needed");
        }
    }

    private static int Root(long square)
    {
        int root = (int)Math.Round(Math.Sqrt(Math.Max(0, square)));
        return root > 0 && (long)root * root == square ? root : 0;
    }
}
