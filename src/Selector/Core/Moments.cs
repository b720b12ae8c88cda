// Sums of vectors and of their products, from which means and covariances come.

using System.Numerics.Tensors;

namespace DataFreeKD.Selector.Core;

/// <summary>
/// Σx and Σx·xᵀ of a stream of vectors, in double precision. Vectors are gathered in blocks, whose products are shared out over
/// the cores by rows of the matrix, so that sums are the same whatever the number of cores.
/// </summary>
/// <param name="width">D.</param>
internal sealed class Moments(int width)
{
    private const int Block = 256;

    // [D, Block]: a product of two coordinates over a block is one dot product.
    private readonly double[] block = new double[width * Block];
    private int filled;

    /// <summary>Vectors so far.</summary>
    public long Count { get; private set; }

    /// <summary>Σx.</summary>
    public double[] Sum { get; } = new double[width];

    /// <summary>Σx·xᵀ, the lower triangle; after <see cref="Finish"/>.</summary>
    public double[][] Products { get; } = [.. Enumerable.Range(1, width).Select(length => new double[length])];

    public void Add(ReadOnlySpan<float> vector)
    {
        for (int at = 0; at < vector.Length; at++)
        {
            block[(at * Block) + filled] = vector[at];
            Sum[at] += vector[at];
        }
        Count++;
        if (++filled == Block)
            Finish();
    }

    /// <summary>Takes in what waits.</summary>
    public void Finish()
    {
        int length = filled;
        filled = 0;
        Parallel.For(0, width, i =>
        {
            ReadOnlySpan<double> row = block.AsSpan(i * Block, length);
            double[] sums = Products[i];
            for (int j = 0; j <= i; j++)
                sums[j] += TensorPrimitives.Dot(row, block.AsSpan(j * Block, length));
        });
    }
}
