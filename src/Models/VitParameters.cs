// Names, shapes and initial values of a ViT's parameters, in timm's order.

using static TorchSharp.torch;

namespace DataFreeKD.Models;

internal static class VitParameters
{
    public static IEnumerable<(string Name, long[] Shape)> Shapes(VitConfig config)
    {
        long width = config.Width;
        yield return ("cls_token", [1, 1, width]);
        if (config.Distilled) yield return ("dist_token", [1, 1, width]);
        if (config.RegisterTokens > 0) yield return ("reg_token", [1, config.RegisterTokens, width]);
        yield return ("pos_embed", [1, config.Patches + (config.NoEmbedClass ? 0 : config.PrefixTokens), width]);
        yield return ("patch_embed.proj.weight", [width, 3, config.PatchSize, config.PatchSize]);
        if (!config.PreNorm) yield return ("patch_embed.proj.bias", [width]);
        if (config.PreNorm)
        {
            yield return ("norm_pre.weight", [width]);
            yield return ("norm_pre.bias", [width]);
        }
        for (int block = 0; block < config.Depth; block++)
        {
            foreach ((string name, long[] shape) in Block(config)) yield return ($"blocks.{block}.{name}", shape);
        }
        yield return ("norm.weight", [width]);
        yield return ("norm.bias", [width]);
        if (config.Classes == 0) yield break;
        yield return ("head.weight", [config.Classes, width]);
        yield return ("head.bias", [config.Classes]);
        if (!config.Distilled) yield break;
        yield return ("head_dist.weight", [config.Classes, width]);
        yield return ("head_dist.bias", [config.Classes]);
    }

    /// <summary>timm's start: matrices and position embedding truncated normal 0.02, norms 1, LayerScale 1e-5, tokens near 0, biases 0; patch embedding uniform by fan-in as a convolution's default.</summary>
    public static Tensor Initialise(string name, long[] shape, Generator generator)
    {
        if (name is "patch_embed.proj.weight" or "patch_embed.proj.bias")
        {
            double bound = name.EndsWith("weight", StringComparison.Ordinal) ? 1 / Math.Sqrt(shape[1] * shape[2] * shape[3]) : 0;
            return rand(shape, generator: generator).mul(2 * bound).sub(bound);
        }
        if (name is "cls_token" or "reg_token") return randn(shape, generator: generator).mul(1e-6);
        if (name.EndsWith("gamma", StringComparison.Ordinal)) return full(shape, 1e-5f);
        if (name.EndsWith("bias", StringComparison.Ordinal)) return zeros(shape);
        if (shape.Length == 1) return ones(shape);

        const double WithinTwoDeviations = 0.9544997361036416;
        return rand(shape, generator: generator).mul(2).sub(1).mul(WithinTwoDeviations).erfinv().mul(0.02 * Math.Sqrt(2));
    }

    private static IEnumerable<(string Name, long[] Shape)> Block(VitConfig config)
    {
        long width = config.Width;
        yield return ("norm1.weight", [width]);
        yield return ("norm1.bias", [width]);
        yield return ("attn.qkv.weight", [3 * width, width]);
        if (config.QkvBias) yield return ("attn.qkv.bias", [3 * width]);
        yield return ("attn.proj.weight", [width, width]);
        yield return ("attn.proj.bias", [width]);
        if (config.LayerScale) yield return ("ls1.gamma", [width]);
        yield return ("norm2.weight", [width]);
        yield return ("norm2.bias", [width]);
        yield return ("mlp.fc1.weight", [config.MlpHidden * (config.SwiGlu ? 2 : 1), width]);
        yield return ("mlp.fc1.bias", [config.MlpHidden * (config.SwiGlu ? 2 : 1)]);
        yield return ("mlp.fc2.weight", [width, config.MlpHidden]);
        yield return ("mlp.fc2.bias", [width]);
        if (config.LayerScale) yield return ("ls2.gamma", [width]);
    }
}
