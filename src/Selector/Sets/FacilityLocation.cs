// Spread by representation: every candidate has a row taken that is like it.

using System.Numerics.Tensors;
using DataFreeKD.Selector.Embeddings;

namespace DataFreeKD.Selector.Sets;

/// <summary>
/// Facility location: the sum over all candidates of 1 + cosine to the most alike of those taken, made as large as greed makes
/// it, which is at least 1 − 1/e of the largest possible (Nemhauser, Wolsey, Fisher 1978). Lazily: a gain can only shrink, so
/// that an old one is a bound, and few have to be computed again (Minoux, "Accelerated greedy algorithms", 1978). The result is
/// that of the plain greedy algorithm to the bit. Memory: n² floats.
/// </summary>
internal static class FacilityLocation
{
    /// <summary>The places of the rows taken, in the order of taking; of equal gains the better ranked.</summary>
    /// <param name="vectors">Candidates, best first.</param>
    /// <param name="count">How many to take, at most all.</param>
    /// <param name="cancel">Stops the work.</param>
    public static int[] Choose(UnitVectors vectors, int count, CancellationToken cancel = default)
    {
        float[][] likeness = Likeness(vectors, cancel);
        float[] covered = new float[vectors.Count],
            scratch = new float[vectors.Count];
        PriorityQueue<(int At, int Step), (float, int)> queue = new(
            Enumerable.Range(0, vectors.Count).Select(at => ((at, 0), (-TensorPrimitives.Sum<float>(likeness[at]), at)))
        );
        int[] chosen = new int[count];
        for (int step = 0; step < count;)
        {
            (int at, int computed) = queue.Dequeue();
            if (computed < step)
            {
                queue.Enqueue((at, step), (-Gain(likeness[at], covered, scratch), at));
                continue;
            }
            cancel.ThrowIfCancellationRequested();
            TensorPrimitives.Max(covered, likeness[at], covered);
            chosen[step++] = at;
        }
        return chosen;
    }

    /// <summary>1 + cosine of all pairs, <c>[n, n]</c>: not negative, so that taking more never loses.</summary>
    internal static float[][] Likeness(UnitVectors vectors, CancellationToken cancel = default)
    {
        float[][] all = new float[vectors.Count][];
        for (int a = 0; a < all.Length; a++)
        {
            cancel.ThrowIfCancellationRequested();
            all[a] = new float[all.Length];
            for (int b = 0; b <= a; b++)
                all[a][b] = all[b][a] = Math.Max(0, 1 + vectors.Cosine(a, b));
        }
        return all;
    }

    /// <summary>What a candidate adds to the sum.</summary>
    internal static float Gain(ReadOnlySpan<float> likeness, ReadOnlySpan<float> covered, Span<float> scratch)
    {
        TensorPrimitives.Subtract(likeness, covered, scratch);
        TensorPrimitives.Max(scratch, 0f, scratch);
        return TensorPrimitives.Sum<float>(scratch);
    }
}
