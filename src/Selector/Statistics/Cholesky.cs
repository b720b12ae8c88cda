// The factor that makes a Mahalanobis distance a plain one. Own code, as the factor of MathNet.Numerics has other last digits, and scores
// keep theirs; it also refuses a matrix that is not positive definite by an exception.

using System.Numerics.Tensors;

namespace DataFreeKD.Selector.Statistics;

/// <summary>Whitening by the Cholesky factor of a covariance.</summary>
internal static class Cholesky
{
    /// <summary>
    /// L⁻¹ of a covariance LLᵀ, as rows of which row i has i + 1 numbers: ‖L⁻¹·(x − μ)‖ is the Mahalanobis distance of x and μ.
    /// Null where the matrix is not positive definite.
    /// </summary>
    /// <param name="covariance">Symmetric <c>[D, D]</c>; its lower triangle is read.</param>
    public static double[][]? InverseFactor(double[][] covariance)
    {
        int width = covariance.Length;
        double[][] factor = new double[width][],
            inverse = new double[width][];
        for (int i = 0; i < width; i++)
        {
            double[] row = new double[i + 1];
            for (int j = 0; j < i; j++)
                row[j] = (covariance[i][j] - TensorPrimitives.Dot<double>(row.AsSpan(0, j), factor[j].AsSpan(0, j))) / factor[j][j];
            double left = covariance[i][i] - TensorPrimitives.SumOfSquares<double>(row.AsSpan(0, i));
            // Also false for NaN.
            if (!(left > 0))
                return null;
            row[i] = Math.Sqrt(left);
            factor[i] = row;

            // Row i of L·L⁻¹ = 1, solved for row i of L⁻¹.
            double[] solved = new double[i + 1];
            for (int j = 0; j < i; j++)
                TensorPrimitives.MultiplyAdd(inverse[j], -row[j] / row[i], solved.AsSpan(0, j + 1), solved.AsSpan(0, j + 1));
            solved[i] = 1 / row[i];
            inverse[i] = solved;
        }
        return inverse;
    }

    /// <summary>(LLᵀ)⁻¹·x.</summary>
    /// <param name="inverse">Of <see cref="InverseFactor"/>.</param>
    /// <param name="x"><c>[D]</c>.</param>
    public static double[] Solve(double[][] inverse, ReadOnlySpan<double> x)
    {
        double[] whitened = new double[inverse.Length],
            solved = new double[inverse.Length];
        Whiten(inverse, x, whitened);
        for (int i = 0; i < inverse.Length; i++)
        {
            Span<double> head = solved.AsSpan(0, i + 1);
            TensorPrimitives.MultiplyAdd(inverse[i], whitened[i], head, head);
        }
        return solved;
    }

    /// <summary>L⁻¹·x.</summary>
    /// <param name="inverse">Of <see cref="InverseFactor"/>.</param>
    /// <param name="x"><c>[D]</c>.</param>
    /// <param name="whitened"><c>[D]</c>, written.</param>
    public static void Whiten(double[][] inverse, ReadOnlySpan<double> x, Span<double> whitened)
    {
        for (int i = 0; i < inverse.Length; i++)
            whitened[i] = TensorPrimitives.Dot(inverse[i], x[..(i + 1)]);
    }
}
