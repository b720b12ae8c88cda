// How far apart the images of a selection are.

using System.Numerics.Tensors;
using DataFreeKD.Selector.Sets;

namespace DataFreeKD.Selector.Measures;

/// <summary>Spread over embeddings.</summary>
internal static class Spread
{
    /// <summary>
    /// Mean of 1 − cosine over all pairs of rows, 0 (all point one way) to about 1 (unrelated). Exact, without looking at a pair:
    /// ‖Σv‖² = Σ‖v‖² + Σ over pairs v·w.
    /// </summary>
    /// <param name="embeddings">The embeddings.</param>
    /// <param name="rows">0-based rows.</param>
    public static double MeanDistance(string embeddings, IReadOnlyList<long> rows)
    {
        double[] sum = [];
        double own = 0;
        UnitVectors.Visit(embeddings, rows, (_, vector) =>
        {
            if (sum.Length == 0) sum = new double[vector.Length];
            for (int i = 0; i < vector.Length; i++) sum[i] += vector[i];
            own += TensorPrimitives.SumOfSquares(vector);
        });
        double pairs = (double)rows.Count * (rows.Count - 1);
        return pairs > 0 ? 1 - (TensorPrimitives.SumOfSquares<double>(sum) - own) / pairs : 0;
    }
}
