// Embeddings of candidates, scaled to length 1.

using System.Numerics.Tensors;
using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Embeddings;

/// <summary>Vectors <c>[n, D]</c> of length 1 (0 where the embedding is 0), so that the dot product is the cosine and ‖a − b‖² = 2 −
/// 2·cos.</summary>
internal sealed class UnitVectors(float[][] vectors)
{
    public int Count => vectors.Length;

    public ReadOnlySpan<float> this[int at] => vectors[at];

    public float Cosine(int a, int b) => TensorPrimitives.Dot<float>(vectors[a], vectors[b]);

    public UnitVectors Of(IEnumerable<int> places) => new([.. places.Select(at => vectors[at])]);

    /// <summary>Reads the vectors of some rows of a scores table.</summary>
    /// <param name="path">The embeddings.</param>
    /// <param name="rows">0-based rows, in any order.</param>
    /// <exception cref="TableException">A row has no embedding.</exception>
    public static UnitVectors Read(string path, IReadOnlyList<long> rows)
    {
        float[][] vectors = new float[rows.Count][];
        Visit(path, rows, (at, vector) => vectors[at] = vector.ToArray());
        return new UnitVectors(vectors);
    }

    /// <summary>Gives the unit vector of each row, in the file's order, with its place in <paramref name="rows"/>.</summary>
    public static void Visit(string path, IReadOnlyList<long> rows, Action<int, ReadOnlySpan<float>> take)
    {
        using EmbeddingReader reader = EmbeddingReader.Open(path);
        int[] order = [.. Enumerable.Range(0, rows.Count).OrderBy(at => rows[at])];
        float[] unit = new float[reader.Width];
        reader.Read([.. order.Select(at => rows[at])], (next, vector) =>
        {
            float norm = TensorPrimitives.Norm(vector);
            if (!float.IsFinite(norm))
                throw EmbeddingRows.Missing(path, rows[order[next]]);
            TensorPrimitives.Divide(vector, norm > 0 ? norm : 1, unit);
            take(order[next], unit);
        });
    }
}
