// How far apart the images of a selection are.

using System.Numerics.Tensors;
using DataFreeKD.Selector.Embeddings;

namespace DataFreeKD.Selector.Measures;

/// <summary>Spread over embeddings.</summary>
internal static class Spread
{
    /// <summary>
    /// Mean of 1 − cosine over pairs of rows, 0 (all point one way) to about 1 (unrelated): over all pairs, and over those of one
    /// class. Exact, without looking at a pair: ‖Σv‖² = Σ‖v‖² + Σ over pairs v·w. Memory: a vector for each class.
    /// </summary>
    /// <param name="embeddings">The embeddings.</param>
    /// <param name="rows">0-based rows.</param>
    /// <param name="classes">Class of each.</param>
    public static (double All, double InClass) MeanDistances(string embeddings, IReadOnlyList<long> rows, IReadOnlyList<string> classes)
    {
        Dictionary<string, (double[] Sum, double Own, long Count)> byClass = new(StringComparer.Ordinal);
        UnitVectors.Visit(embeddings, rows, (at, vector) =>
        {
            (double[] sum, double own, long count) = byClass.GetValueOrDefault(classes[at], (new double[vector.Length], 0, 0));
            for (int i = 0; i < vector.Length; i++)
                sum[i] += vector[i];
            byClass[classes[at]] = (sum, own + TensorPrimitives.SumOfSquares(vector), count + 1);
        });
        double pairs = byClass.Values.Sum(known => (double)known.Count * (known.Count - 1));
        double alike = byClass.Values.Sum(known => TensorPrimitives.SumOfSquares<double>(known.Sum) - known.Own);
        double[] total = byClass.Values.Select(known => known.Sum).Aggregate((one, other) => [.. one.Zip(other, (a, b) => a + b)]);
        double allPairs = (double)rows.Count * (rows.Count - 1),
            all = TensorPrimitives.SumOfSquares<double>(total) - byClass.Values.Sum(known => known.Own);
        return (allPairs > 0 ? 1 - all / allPairs : 0, pairs > 0 ? 1 - alike / pairs : 0);
    }
}
