// How a fresh convolutional network starts: as timm's ResNet.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>Seeded start values, drawn from an own generator so that the global random state is left alone.</summary>
internal static class ConvolutionInit
{
    /// <summary>Convolutions: normal of deviation √(2/fan_out) (He et al., ICCV 2015); head: uniform ±1/√fan_in; norms: 1, but the last
    /// norm of every residual branch 0; biases: 0.</summary>
    /// <param name="model">Every parameter is drawn.</param>
    /// <param name="seed">Decides the weights.</param>
    /// <param name="lastNorms">Weights of the norms that end a residual branch.</param>
    public static void Randomise(ImageModel model, long seed, IEnumerable<Tensor> lastNorms)
    {
        Draw(model, seed, lastNorms, (tensor, generator) =>
        {
            long[] shape = tensor.shape;
            if (shape.Length == 4)
                tensor.normal_(0, Math.Sqrt(2.0 / (shape[0] * shape[2] * shape[3])), generator);
            else
                tensor.uniform_(-1 / Math.Sqrt(shape[1]), 1 / Math.Sqrt(shape[1]), generator);
        });
    }

    /// <summary>As timm's TinyViT: convolutions uniform ±1/√fan_in; linear maps normal 0.02; attention biases 0; the rest as
    /// above.</summary>
    /// <inheritdoc cref="Randomise"/>
    public static void Tiny(ImageModel model, long seed, IEnumerable<Tensor> lastNorms)
    {
        Draw(model, seed, lastNorms, (tensor, generator) =>
        {
            long[] shape = tensor.shape;
            double bound = 1 / Math.Sqrt(shape.Skip(1).Aggregate(1L, (product, size) => product * size));
            if (shape.Length == 4)
                tensor.uniform_(-bound, bound, generator);
            else
                tensor.normal_(0, 0.02, generator).clamp_(-2, 2);
        });
    }

    private static void Draw(ImageModel model, long seed, IEnumerable<Tensor> lastNorms, Action<Tensor, Generator> matrix)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new((ulong)seed, CPU);
        generator.manual_seed(seed);
        foreach ((string name, TorchSharp.Modules.Parameter tensor) in model.named_parameters())
        {
            if (name.EndsWith(".attention_biases", StringComparison.Ordinal))
                tensor.zero_();
            else if (tensor.dim() > 1)
                matrix(tensor, generator);
            else
                tensor.fill_(name.EndsWith(".bias", StringComparison.Ordinal) ? 0f : 1f);
        }
        foreach (Tensor last in lastNorms)
            last.zero_();
    }
}
