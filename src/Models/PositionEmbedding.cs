// Position embeddings of one grid carried to another.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>Resampling of learned absolute position embeddings.</summary>
internal static class PositionEmbedding
{
    /// <summary>Antialiased bicubic resampling (Keys' kernel, a = −0.5, half-pixel centres), as timm does by default; prefix entries are
    /// copied.</summary>
    /// <param name="embedding"><c>[1, prefix + h·w, D]</c> of a square grid.</param>
    /// <param name="prefix">Entries before the grid (class, distillation, register tokens).</param>
    /// <param name="newHeight">New grid height, patches.</param>
    /// <param name="newWidth">New grid width, patches.</param>
    /// <returns><c>[1, prefix + newHeight·newWidth, D]</c>, a new tensor.</returns>
    /// <exception cref="ArgumentException">The grid is not square, or a size is not positive.</exception>
    public static Tensor Resample(Tensor embedding, int prefix, int newHeight, int newWidth)
    {
        long[] shape = embedding.shape;
        if (shape is not [1, _, _])
            throw new ArgumentException($"a position embedding is [1, tokens, D], not [{string.Join(", ", shape)}]", nameof(embedding));
        if (newHeight < 1 || newWidth < 1)
            throw new ArgumentException($"a grid of {newHeight}×{newWidth} patches cannot be", nameof(newHeight));
        long patches = shape[1] - prefix,
            side = (long)Math.Round(Math.Sqrt(Math.Max(0, patches)));
        if (prefix < 0 || patches < 1 || side * side != patches)
            throw new ArgumentException($"{shape[1]} entries without {prefix} prefix entries are not a square grid", nameof(embedding));

        using DisposeScope scope = NewDisposeScope();
        Tensor grid = embedding.narrow(1, prefix, patches).to(ScalarType.Float32);
        // Rows, then columns: [h', h] · [h, w·D], then [w', w] · [w, D] for each row.
        if (newHeight != side || newWidth != side)
        {
            Tensor rows = Weights((int)side, newHeight).to(embedding.device),
                columns = Weights((int)side, newWidth).to(embedding.device);
            grid = matmul(rows, grid.reshape(side, -1)).view(newHeight, side, -1);
            grid = matmul(columns, grid).reshape(1, (long)newHeight * newWidth, -1);
        }
        return cat([embedding.narrow(1, 0, prefix), grid.to(embedding.dtype)], 1).MoveToOuterDisposeScope();
    }

    // [to, from]: row i holds the normalised kernel weights of output i; the kernel widens when shrinking.
    private static Tensor Weights(int from, int to)
    {
        double scale = (double)from / to,
            stretch = Math.Max(scale, 1),
            support = 2 * stretch;
        float[,] weights = new float[to, from];
        for (int i = 0; i < to; i++)
        {
            double centre = scale * (i + 0.5),
                sum = 0;
            int first = Math.Max((int)(centre - support + 0.5), 0),
                last = Math.Min((int)(centre + support + 0.5), from);
            for (int j = first; j < last; j++)
                sum += Cubic((j - centre + 0.5) / stretch);
            for (int j = first; j < last; j++)
                weights[i, j] = (float)(Cubic((j - centre + 0.5) / stretch) / sum);
        }
        return tensor(weights);
    }

    // Keys 1981 with a = −0.5.
    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        if (x < 1)
            return (((a + 2) * x) - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x) + 8) * x * a - (4 * a) : 0;
    }
}
