// Where an image lies to the confident core of a pool: how much nearer to one of its classes than to the pool, and how far on the way from
// the pool to it.

using System.Numerics.Tensors;
using DataFreeKD.Selector.Statistics;

namespace DataFreeKD.Selector.Core;

/// <summary>
/// Relative Mahalanobis distance (Ren et al., A simple fix to Mahalanobis distance for improving near-OOD detection, 2021), with the
/// pool's confident core in place of training data: d = min over classes of M(x, μ_c; Σ) − M(x, μ_pool; Σ_pool), where M is the
/// squared Mahalanobis distance and Σ is shared by the classes. Lower is more useful.
/// Beside it the linear discriminant (Fisher, 1936) of the core against the pool, as in learning from positive and unlabelled examples:
/// q = xᵀ(Σ_pool + λ·diag Σ_pool)⁻¹(μ_core − μ_pool). Higher is more useful.
/// </summary>
internal sealed class CoreModel
{
    /// <summary>Of the mean of its diagonal, on the diagonal of the core's covariance.</summary>
    public const double CoreRidge = 1e-3;

    /// <summary>On the diagonal of the pool's covariance.</summary>
    public const double PoolRidge = 1e-6;

    /// <summary>λ of the discriminant.</summary>
    public const double DiscriminantRidge = 0.03;

    private readonly double[][] core,
        pool;

    // Whitened; the pool's mean by its own factor.
    private readonly double[][] centres;
    private readonly double[] middle;

    private readonly double[] direction;

    private CoreModel(double[][] core, double[][] centres, double[][] pool, double[] middle, double[] direction) =>
        (this.core, this.centres, this.pool, this.middle, this.direction) = (core, centres, pool, middle, direction);

    /// <summary>Floats of an embedding.</summary>
    public int Width => middle.Length;

    /// <summary>Fits it; null where the embeddings do not vary.</summary>
    /// <param name="pool">Of the pool, finished.</param>
    /// <param name="core">Of all core images, finished.</param>
    /// <param name="classes">Σx and number of the core images of each class, at least one image each.</param>
    public static CoreModel? Fit(Moments pool, Moments core, IReadOnlyCollection<(double[] Sum, long Count)> classes)
    {
        int width = pool.Sum.Length;
        double[][] means = [.. classes.Select(known => Array.ConvertAll(known.Sum, sum => sum / known.Count))];
        long[] counts = [.. classes.Select(known => known.Count)];
        double[][] within = Lower(width, (i, j) =>
        {
            double between = 0;
            for (int c = 0; c < means.Length; c++)
                between += counts[c] * means[c][i] * means[c][j];
            return (core.Products[i][j] - between) / core.Count;
        });
        double diagonal = 0;
        for (int i = 0; i < width; i++)
            diagonal += within[i][i] / width;
        for (int i = 0; i < width; i++)
            within[i][i] += CoreRidge * diagonal;

        double[] mean = Array.ConvertAll(pool.Sum, sum => sum / pool.Count);
        double[][] around = Lower(width, (i, j) => (pool.Products[i][j] / pool.Count) - (mean[i] * mean[j]) + (i == j ? PoolRidge : 0));
        double[][] steadied = Lower(width, (i, j) => around[i][j] * (i == j ? 1 + DiscriminantRidge : 1));
        if (
            Cholesky.InverseFactor(within) is not { } coreFactor
            || Cholesky.InverseFactor(around) is not { } poolFactor
            || Cholesky.InverseFactor(steadied) is not { } factor
        )
            return null;
        double[] way = [.. core.Sum.Zip(mean, (sum, of) => (sum / core.Count) - of)];
        return new CoreModel(
            coreFactor,
            [.. means.Select(of => Whitened(coreFactor, of))],
            poolFactor,
            Whitened(poolFactor, mean),
            Cholesky.Solve(factor, way)
        );
    }

    /// <summary>d and q of one embedding; NaN where it is not finite.</summary>
    /// <param name="embedding"><c>[D]</c>.</param>
    /// <param name="room">2·D numbers to work in.</param>
    public CorePlace Of(ReadOnlySpan<float> embedding, Span<double> room)
    {
        Span<double> x = room[..Width],
            y = room.Slice(Width, Width);
        TensorPrimitives.ConvertChecked(embedding, x);
        double along = TensorPrimitives.Dot<double>(x, direction);
        Cholesky.Whiten(core, x, y);
        double nearest = double.PositiveInfinity;
        foreach (double[] centre in centres)
            nearest = Math.Min(nearest, Squared(y, centre));
        Cholesky.Whiten(pool, x, y);
        double distance = nearest - Squared(y, middle);
        return double.IsFinite(distance) && double.IsFinite(along) ? new CorePlace(distance, along) : new CorePlace(double.NaN, double.NaN);
    }

    private static double Squared(ReadOnlySpan<double> one, ReadOnlySpan<double> other)
    {
        double distance = TensorPrimitives.Distance(one, other);
        return distance * distance;
    }

    private static double[] Whitened(double[][] factor, double[] vector)
    {
        double[] whitened = new double[vector.Length];
        Cholesky.Whiten(factor, vector, whitened);
        return whitened;
    }

    private static double[][] Lower(int width, Func<int, int, double> cell) =>
        [.. Enumerable.Range(0, width).Select(i => Enumerable.Range(0, i + 1).Select(j => cell(i, j)).ToArray())];
}

/// <summary>Where an image lies to the confident core.</summary>
/// <param name="Distance">d, lower is more useful.</param>
/// <param name="Discriminant">q, higher is more useful.</param>
internal readonly record struct CorePlace(double Distance, double Discriminant)
{
    /// <summary>Numbers that it adds to a row.</summary>
    public const int Numbers = 2;

    /// <summary>Writes both to the end of a row's numbers.</summary>
    public void CopyTo(Span<double> values) => (values[^2], values[^1]) = (Distance, Discriminant);
}
