// The best k rows of a stream of any length, each content once, in memory for 2k.

namespace DataFreeKD.Selector.Ranking;

/// <summary>
/// A bounded top-k. Rows that beat the current k-th are gathered; when twice as many are there, they are sorted, copies
/// dropped and the rest cut to k, which costs O(log k) a row that gets in and nothing for the others. A copy can only be lost
/// to k better rows of other contents, so that the result is exact: the best row of each content, the best k of those.
/// </summary>
/// <param name="capacity">k; <see cref="long.MaxValue"/> to keep all.</param>
/// <param name="dropDuplicates">Whether rows of the same known content count once.</param>
internal sealed class TopRows(long capacity, bool dropDuplicates)
{
    private const int SmallestBatch = 1024;

    private readonly List<RankedRow> rows = [];
    private RankedRow? cutoff;
    private int batch = SmallestBatch;
    private bool sorted;

    /// <summary>Copies turned away.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Whether a row would get in for now.</summary>
    public bool Wants(double score, long row) =>
        capacity > 0 && (cutoff is not { } last || RankedRow.BestFirst(new RankedRow(score, row, 0), last) < 0);

    public void Add(RankedRow row)
    {
        rows.Add(row);
        sorted = false;
        if (rows.Count >= batch)
            Cut();
    }

    /// <summary>The rows kept, best first.</summary>
    public IReadOnlyList<RankedRow> Best()
    {
        if (!sorted)
            Cut();
        return rows;
    }

    private void Cut()
    {
        if (dropDuplicates)
            DropCopies();
        rows.Sort(RankedRow.BestFirst);
        if (rows.Count >= capacity)
        {
            rows.RemoveRange((int)capacity, rows.Count - (int)capacity);
            cutoff = rows.Count > 0 ? rows[^1] : null;
        }
        batch = Math.Max(SmallestBatch, 2 * rows.Count);
        sorted = true;
    }

    private void DropCopies()
    {
        rows.Sort(RankedRow.ContentThenBest);
        int kept = 0;
        for (int at = 0; at < rows.Count; at++)
        {
            if (kept > 0 && rows[at].Content != 0 && rows[at].Content == rows[kept - 1].Content)
                continue;
            rows[kept++] = rows[at];
        }
        Duplicates += rows.Count - kept;
        rows.RemoveRange(kept, rows.Count - kept);
    }
}
