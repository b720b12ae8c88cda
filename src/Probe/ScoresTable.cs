// Scored images as a scores table, for the stages that read one.

using System.Runtime.InteropServices;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe;

/// <summary>Writes what a program scored as <see cref="ScoreRun"/> would.</summary>
public static class ScoresTable
{
    /// <summary>Writes the table, and the embeddings beside it (<see cref="ManifestPath.EmbeddingsBeside"/>) where every image with figures
    /// has one.</summary>
    /// <param name="path">The table, .csv or .parquet; replaced where it is there.</param>
    /// <param name="images">The rows, in order; all of one teacher.</param>
    /// <param name="pathOf">What stands in the column <c>path</c>; null for each image's name.</param>
    /// <returns>The file of embeddings; null where there is none.</returns>
    /// <exception cref="ScoreException">The images were not scored by one teacher with one set of options.</exception>
    /// <exception cref="TableException">The extension is no table's.</exception>
    public static string? Write(string path, IReadOnlyList<ScoredImage> images, Func<int, string>? pathOf = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        ScoredImage? first = images.FirstOrDefault(image => image.Ok);
        int[] blocks = [.. first?.Probes.Select(probe => probe.Block) ?? []];
        string[] extras = [.. first?.Extras.Keys ?? []];
        foreach (ScoredImage image in images.Where(image => image.Ok))
        {
            if (
                !image.Probes.Select(probe => probe.Block).SequenceEqual(blocks)
                || !image.Extras.Keys.SequenceEqual(extras)
                || image.Embedding.Length != first!.Embedding.Length
            )
                throw new ScoreException(
                    $"{image.Image.Name} was scored with other blocks, scores or another teacher than {first!.Image.Name}; score all images by one teacher"
                );
        }
        string[] columns = [.. ScoreRow.ColumnsOf(blocks, extras)];
        using (TableWriter table = Table.Create(path, columns))
        {
            for (int i = 0; i < images.Count; i++)
                table.Write(Row(images[i], pathOf?.Invoke(i) ?? images[i].Image.Name, blocks.Length, extras));
            table.Commit();
        }
        return first is { Embedding.Length: > 0 } ? Embeddings(path, images, first.Embedding.Length) : null;
    }

    // The figures are float32, and are written with the digits of one.
    private static string?[] Row(ScoredImage image, string path, int blocks, string[] extras)
    {
        IEnumerable<float?> figures =
        [
            (float?)image.Confidence,
            (float?)image.Entropy,
            (float?)image.Energy,
            (float?)image.PseudoLabelCrossEntropy,
            .. image.Ok
                ? image.Probes.SelectMany(probe => new[] { (float?)probe.Variance, (float?)probe.Cosine })
                : Enumerable.Repeat<float?>(null, 2 * blocks),
            .. extras.Select(column => image.Ok ? (float?)image.Extras[column] : null),
        ];
        return
        [
            .. ScoreRow.Of(
                path,
                image.Sha256,
                image.Width,
                image.Height,
                image.Ok ? Status.Ok : Status.Failed,
                image.Reason,
                image.Prediction,
                image.ClassName,
                figures
            ),
        ];
    }

    private static string Embeddings(string table, IReadOnlyList<ScoredImage> images, int width)
    {
        string path = ManifestPath.EmbeddingsBeside(table),
            part = path + ".part";
        float[] none = new float[width];
        Array.Fill(none, float.NaN);
        using (FileStream raw = File.Create(part))
        {
            foreach (ScoredImage image in images)
                raw.Write(MemoryMarshal.AsBytes(image.Ok ? image.Embedding.Span : none));
        }
        EmbeddingFile.Write(path, images.Count, width, [part], []);
        File.Delete(part);
        return path;
    }
}
