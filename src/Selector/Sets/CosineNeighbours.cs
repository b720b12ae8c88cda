// The earliest of the rows taken whose embedding all but points the same way.

using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using DataFreeKD.Selector.Embeddings;

namespace DataFreeKD.Selector.Sets;

/// <summary>
/// Exact search. A projection never lengthens a difference: where eight coordinates of two unit vectors lie further apart than
/// √(2 − 2·cosine), the vectors do, and the dot product is spared. The eight directions are those in which a sample of the
/// vectors differs most, by pivoted Gram–Schmidt.
/// </summary>
/// <param name="vectors">All candidates.</param>
/// <param name="least">Cosine from which on two are neighbours, (0, 1].</param>
internal sealed class CosineNeighbours(UnitVectors vectors, double least)
{
    private const int Directions = 8,
        SampleSize = 64;

    // Rounding of single precision must lose no neighbour.
    private const double Slack = 1e-4,
        Rounding = 1e-6;

    private readonly Vector256<float>[] sketches = Sketches(vectors);
    private readonly List<int> added = [];
    private readonly float largest = (float)(2 - 2 * least + Slack);
    private readonly float threshold = (float)(least - Rounding);

    /// <summary>The earliest row added that is a neighbour, with its cosine; null where there is none.</summary>
    public (int Like, float Cosine)? Find(int at)
    {
        Vector256<float> sketch = sketches[at];
        foreach (int other in added)
        {
            Vector256<float> difference = sketches[other] - sketch;
            if (Vector256.Dot(difference, difference) > largest)
                continue;
            float cosine = vectors.Cosine(at, other);
            if (cosine >= threshold)
                return (other, cosine);
        }
        return null;
    }

    public void Add(int at) => added.Add(at);

    private static Vector256<float>[] Sketches(UnitVectors vectors)
    {
        float[][] basis = Basis(vectors);
        Vector256<float>[] sketches = new Vector256<float>[vectors.Count];
        Span<float> sketch = stackalloc float[Directions];
        for (int at = 0; at < sketches.Length; at++)
        {
            for (int i = 0; i < Directions; i++)
                sketch[i] = i < basis.Length ? TensorPrimitives.Dot(vectors[at], basis[i]) : 0;
            sketches[at] = Vector256.Create<float>(sketch);
        }
        return sketches;
    }

    // Up to eight orthonormal directions; fewer where the sample spans no more.
    private static float[][] Basis(UnitVectors vectors)
    {
        int size = Math.Min(SampleSize, vectors.Count);
        float[][] sample = [.. Enumerable.Range(0, size).Select(i => vectors[(int)((long)i * vectors.Count / size)].ToArray())];
        if (size == 0)
            return [];
        float[] mean = new float[sample[0].Length];
        foreach (float[] vector in sample)
            TensorPrimitives.Add(mean, vector, mean);
        TensorPrimitives.Divide(mean, (float)size, mean);
        foreach (float[] vector in sample)
            TensorPrimitives.Subtract(vector, mean, vector);
        List<float[]> basis = [];
        while (basis.Count < Directions)
        {
            float[] longest = sample.MaxBy(vector => TensorPrimitives.Norm<float>(vector))!;
            float norm = TensorPrimitives.Norm<float>(longest);
            if (norm < 1e-3f)
                break;
            float[] direction = [.. longest];
            TensorPrimitives.Divide(direction, norm, direction);
            basis.Add(direction);
            foreach (float[] vector in sample)
                TensorPrimitives.MultiplyAdd(direction, -TensorPrimitives.Dot<float>(direction, vector), vector, vector);
        }
        return [.. basis];
    }
}
