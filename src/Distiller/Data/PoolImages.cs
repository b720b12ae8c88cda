// Images of the pool that a selection left out: they measure a student where the teacher is less sure.

using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Data;

internal static class PoolImages
{
    /// <summary>Draws usable images of a pool that are not in the selection (reservoir sampling, Algorithm R: Vitter, 1985).</summary>
    /// <param name="pool">Table with a <c>path</c> column, such as scores.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="selected">Absolute paths of the selection.</param>
    /// <param name="seed">Decides the draw.</param>
    /// <param name="cancel">Cancels.</param>
    /// <returns>Absolute paths, in the table's order.</returns>
    /// <exception cref="TableException">No path column, or a broken row.</exception>
    public static IReadOnlyList<string> Draw(string pool, int count, IReadOnlySet<string> selected, long seed, CancellationToken cancel)
    {
        Randomness randomness = new(seed, Purpose.Pruning, 2);
        List<(long Row, string Path)> drawn = [];
        using TableReader table = Table.Open(pool);
        table.Header.Require("path");
        int seen = 0;
        foreach (TableRow row in table.Rows(cancel))
        {
            if (!row.IsUsable) continue;
            string path = ManifestPath.FromTable(row["path"]!, pool);
            if (selected.Contains(path)) continue;
            int place = randomness.NextInt(++seen);
            if (drawn.Count < count) drawn.Add((row.Number, path));
            else if (place < count) drawn[place] = (row.Number, path);
        }
        return [.. drawn.OrderBy(image => image.Row).Select(image => image.Path)];
    }
}
