// Spread by the farthest first: no candidate stays far from what is taken.

using DataFreeKD.Selector.Embeddings;

namespace DataFreeKD.Selector.Sets;

/// <summary>
/// Greedy k-centre (Gonzalez 1985; Sener and Savarese, "Active learning for convolutional neural networks: a core-set
/// approach", ICLR 2018, algorithm 1): start with the best candidate, then always take the one farthest from all taken. The
/// largest distance that is left is at most twice the least possible.
/// </summary>
internal static class KCentre
{
    /// <summary>The places of the rows taken, in the order of taking.</summary>
    /// <param name="vectors">Candidates, best first.</param>
    /// <param name="count">How many to take, at most all.</param>
    /// <param name="cancel">Stops the work.</param>
    public static int[] Choose(UnitVectors vectors, int count, CancellationToken cancel = default)
    {
        int[] chosen = new int[count];
        float[] nearest = new float[vectors.Count];
        Array.Fill(nearest, float.NegativeInfinity);
        for (int step = 0, centre = 0; step < count; step++)
        {
            cancel.ThrowIfCancellationRequested();
            chosen[step] = centre;
            // Exact copies of a row taken must not hide that it was taken itself.
            nearest[centre] = float.PositiveInfinity;
            int farthest = -1;
            for (int at = 0; at < nearest.Length; at++)
            {
                if (float.IsPositiveInfinity(nearest[at]))
                    continue;
                nearest[at] = Math.Max(nearest[at], vectors.Cosine(at, centre));
                if (farthest < 0 || nearest[at] < nearest[farthest])
                    farthest = at;
            }
            centre = farthest;
        }
        return chosen;
    }
}
