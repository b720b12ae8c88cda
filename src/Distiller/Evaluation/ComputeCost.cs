// What a forward pass costs, counted from the architecture.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Evaluation;

/// <summary>Multiply-accumulates of a Vision Transformer.</summary>
public static class ComputeCost
{
    /// <summary>Matrix products of one image: patch embedding, qkv, QKᵀ, attention·V, projection, MLP, heads. Norms, softmax and activations are left out, as is usual.</summary>
    /// <param name="config">The architecture.</param>
    public static long Macs(VitConfig config)
    {
        long d = config.Width, patches = config.Patches, tokens = patches + config.PrefixTokens;
        long embedding = patches * 3 * config.PatchSize * config.PatchSize * d;
        long attention = (tokens * 3 * d * d) + (2 * tokens * tokens * d) + (tokens * d * d);
        long mlp = tokens * (config.SwiGlu ? 3L : 2L) * d * config.MlpHidden;
        long heads = d * config.Classes * (config.Distilled ? 2 : 1);
        return embedding + (config.Depth * (attention + mlp)) + heads;
    }
}
