// How a fresh model's weights start: as timm's default for this family.

using DataFreeKD.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>Seeded start values, drawn from an own generator so that the global random state is left alone.</summary>
internal static class WeightInit
{
    private const double Deviation = 0.02;

    /// <summary>Linear maps, position embedding and distillation token: normal 0.02 cut at ±2; class and register tokens: normal 1e-6;
    /// patch projection: uniform ±1/√fan_in; convolutions of the stems: normal √(2/fan_in); norms: 1; biases: 0.</summary>
    public static void Randomise(VisionTransformer model, long seed)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new((ulong)seed, CPU);
        generator.manual_seed(seed);
        double bound = 1 / Math.Sqrt(3.0 * model.Config.PatchSize * model.Config.PatchSize);
        foreach ((string name, TorchSharp.Modules.Parameter tensor) in model.named_parameters())
        {
            if (name.StartsWith("patch_embed.proj.", StringComparison.Ordinal))
                tensor.uniform_(-bound, bound, generator);
            else if (name is "cls_token" or "reg_token")
                tensor.normal_(0, 1e-6, generator);
            else if (name is "pos_embed" or "dist_token" or "attn_pool.latent")
                TruncatedNormal(tensor, generator);
            else if (tensor.dim() == 4)
                tensor.normal_(0, Math.Sqrt(2.0 / (tensor.shape[1] * tensor.shape[2] * tensor.shape[3])), generator);
            else if (name.EndsWith(".bias", StringComparison.Ordinal))
                tensor.zero_();
            else if (name.EndsWith(".weight", StringComparison.Ordinal) && tensor.dim() == 1)
                tensor.fill_(1f);
            else if (name.EndsWith(".weight", StringComparison.Ordinal))
                TruncatedNormal(tensor, generator);
        }
        if (model.Config.SwiGlu)
            OpenGates(model, generator);
    }

    // timm starts the second half of the packed matrix near the constant 1.
    private static void OpenGates(VisionTransformer model, Generator generator)
    {
        int hidden = model.Config.MlpHidden;
        foreach (Block block in model.Blocks)
        {
            block.Mlp.First.weight.narrow(0, hidden, hidden).normal_(0, 1e-6, generator);
            block.Mlp.First.bias?.narrow(0, hidden, hidden).fill_(1f);
        }
    }

    // timm cuts at ±2 absolute, a hundred deviations out: a clamp says the same. TorchSharp 0.107's own trunc_normal_ fills with a
    // constant.
    private static void TruncatedNormal(Tensor tensor, Generator generator) => tensor.normal_(0, Deviation, generator).clamp_(-2, 2);
}
