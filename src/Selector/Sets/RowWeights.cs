// The weights that a selection gives its rows.

namespace DataFreeKD.Selector.Sets;

internal static class RowWeights
{
    /// <summary>A weight for each row, mean 1.</summary>
    /// <param name="kind">What weights say.</param>
    /// <param name="taken">The rows, best first.</param>
    /// <param name="classes">Class name of each.</param>
    /// <param name="counts">Rows of each class.</param>
    public static double[] Of(
        RowWeight kind,
        IReadOnlyList<TakenRow> taken,
        IReadOnlyList<string> classes,
        IReadOnlyDictionary<string, long> counts
    ) =>
        kind switch
        {
            RowWeight.Balanced => [.. classes.Select(name => (double)taken.Count / (counts.Count * counts[name]))],
            RowWeight.Score => ByRank(taken),
            _ => [.. Enumerable.Repeat(1.0, taken.Count)],
        };

    // Linear in the rank, 3/2 to 1/2: no method's scale, and no wild score, can silence the other rows. Equal scores, equal weights.
    private static double[] ByRank(IReadOnlyList<TakenRow> taken)
    {
        double[] weights = new double[taken.Count];
        for (int first = 0, next; first < taken.Count; first = next)
        {
            for (next = first + 1; next < taken.Count && taken[next].Ranked.Score == taken[first].Ranked.Score; next++) { }
            weights.AsSpan(first..next).Fill(1.5 - (first + next) / (2.0 * taken.Count));
        }
        return weights;
    }
}
