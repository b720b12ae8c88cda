// A pass that stops at some rows of a table.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Ranking;

internal static class RowVisit
{
    /// <summary>Gives the wanted rows in the table's order, each with its place in <paramref name="rows"/>.</summary>
    /// <param name="passes">The table.</param>
    /// <param name="rows">0-based rows, each once, in any order.</param>
    /// <param name="visit">The reader at that row, and the place.</param>
    /// <exception cref="TableException">The table ends before the last of them.</exception>
    public static void Each(Passes passes, IReadOnlyList<long> rows, Action<TableReader, int> visit)
    {
        int[] order = [.. Enumerable.Range(0, rows.Count).OrderBy(at => rows[at])];
        using TableReader table = Table.Open(passes.Options.Scores);
        long row = 0;
        for (int next = 0; next < order.Length; row++)
        {
            if (!table.Read())
                throw passes.Changed();
            if ((row & 0xFFFF) == 0xFFFF)
                passes.Report(1 << 16);
            if (rows[order[next]] == row)
                visit(table, order[next++]);
        }
    }
}
