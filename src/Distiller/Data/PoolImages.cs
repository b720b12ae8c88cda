// Images of the pool that a selection left out: a student is fitted and measured where the teacher is less sure, too.

using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Data;

/// <summary>What images of a pool are drawn for. The numbers keep the draws of one seed apart.</summary>
internal enum PoolDraw
{
    /// <summary>To measure a student on.</summary>
    Measure = 2,

    /// <summary>To fit a student on.</summary>
    Fit = 3,

    /// <summary>To measure a student on, where the selection has more images to spare for that than its share.</summary>
    MeasureFurther = 4,

    /// <summary>No draw: the order in which a student is fitted.</summary>
    Order = 5,
}

internal static class PoolImages
{
    /// <summary>Draws usable images of a pool that are not in the selection (reservoir sampling, Algorithm R: Vitter, 1985).</summary>
    /// <param name="pool">Table with a <c>path</c> column, such as scores.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="taken">Absolute paths that are not drawn: the selection's, and those of another draw.</param>
    /// <param name="seed">Decides the draw.</param>
    /// <param name="draw">Which draw of this seed.</param>
    /// <param name="cancel">Cancels.</param>
    /// <returns>Absolute paths, in the table's order.</returns>
    /// <exception cref="TableException">No path column, or a broken row.</exception>
    public static IReadOnlyList<string> Draw(
        string pool,
        int count,
        IReadOnlySet<string> taken,
        long seed,
        PoolDraw draw,
        CancellationToken cancel
    )
    {
        Randomness randomness = new(seed, Purpose.Pruning, (int)draw);
        List<(long Row, string Path)> drawn = [];
        using TableReader table = Table.Open(pool);
        table.Header.Require("path");
        int seen = 0;
        foreach (TableRow row in table.Rows(cancel))
        {
            if (!row.IsUsable)
                continue;
            string path = ManifestPath.FromTable(row["path"]!, pool);
            if (taken.Contains(path))
                continue;
            int place = randomness.NextInt(++seen);
            if (drawn.Count < count)
                drawn.Add((row.Number, path));
            else if (place < count)
                drawn[place] = (row.Number, path);
        }
        return [.. drawn.OrderBy(image => image.Row).Select(image => image.Path)];
    }
}
