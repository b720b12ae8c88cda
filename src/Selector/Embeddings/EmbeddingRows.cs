// Which embeddings belong to a scores table.

using System.Numerics.Tensors;
using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Embeddings;

/// <summary>The embeddings of a table's rows: those named, or those that scoring left beside it.</summary>
/// <param name="Path">The file; null where there is none to use.</param>
/// <param name="Why">Then, why not.</param>
internal sealed record EmbeddingRows(string? Path, string Why)
{
    /// <summary>Finds them. What lies beside a table is its own only where the table is still as scoring left it.</summary>
    public static EmbeddingRows Of(SelectOptions options)
    {
        if (options.Set.Embeddings == SetOptions.NoEmbeddings)
            return new(null, "--embeddings none");
        if (options.Set.Embeddings is { } named)
            return new(named, "");
        if (
            Provenance.ReadBeside(options.Scores) is not { Command: "score" } made
            || !made.Options.TryGetValue("embeddings", out string? field)
        )
            return new(null, "no embeddings were written with the table; dfkd score keeps them, or name a file with --embeddings");
        string left = ManifestPath.FromTable(field, options.Scores),
            name = System.IO.Path.GetFileName(left);
        if (!File.Exists(left))
            return new(null, $"{name}, which was written with the table, is not there any more");
        if (made.Options.GetValueOrDefault("table-sha256") != Provenance.HashFile(options.Scores))
            return new(
                null,
                $"the table has changed since {name} was written with it; name it with --embeddings if its rows are still the same in the same order"
            );
        return new(left, "");
    }

    /// <summary>Refuses embeddings of another table.</summary>
    /// <exception cref="TableException">Not as many vectors as rows.</exception>
    public static void Check(string path, long rowsInTable)
    {
        using EmbeddingReader reader = EmbeddingReader.Open(path);
        if (reader.Rows != rowsInTable)
            throw new TableException(
                $"{path} has {reader.Rows} embeddings and the scores table {rowsInTable} rows; give the file that was written with these scores"
            );
    }

    /// <summary>The error of a row without embedding.</summary>
    public static TableException Missing(string file, long row) =>
        new(
            $"{file}: row {row + 1} has no embedding, or one that is not finite, though its image was scored; score again with EmbeddingsPath"
        )
        {
            Options = ["EmbeddingsPath"],
        };

    public static bool IsFinite(ReadOnlySpan<float> vector) => float.IsFinite(TensorPrimitives.SumOfSquares(vector));
}
