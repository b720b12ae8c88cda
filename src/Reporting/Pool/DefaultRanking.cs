// How rows are ranked where nobody said.

using DataFreeKD.Manifests;

namespace DataFreeKD.Reporting.Pool;

/// <summary>The first that the table has of: the selection score, the entropy (low is better), the probe's variance in the last probed
/// block.</summary>
internal static class DefaultRanking
{
    /// <summary>The ranking; null where the table has none of them.</summary>
    public static RowRanking? For(string table)
    {
        using TableReader reader = Table.Open(table);
        TableHeader header = reader.Header;
        // A teacher without a head leaves the columns of its logits empty.
        bool hasLogits = header.IndexOf("entropy") is >= 0 and var at && AnyValue(reader, at);
        if (header.IndexOf("selection_score") is >= 0 and var score)
            return new RowRanking("selection score", row => row.Number(score));
        if (hasLogits && header.IndexOf("entropy") is var entropy)
            return new RowRanking("low entropy", row => -row.Number(entropy));
        int[] blocks = [.. header.Columns.Select(name => Columns.ProbeBlock(name, "probe_variance_")).OfType<int>().Order()];
        if (blocks.Length == 0)
            return null;
        int probe = header.IndexOf(Columns.ProbeVariance(blocks[^1]));
        return new RowRanking($"attention probe of block {blocks[^1]}", row => row.Number(probe));
    }

    private static bool AnyValue(TableReader reader, int column)
    {
        while (reader.Read())
        {
            if (!double.IsNaN(reader.Number(column)))
                return true;
        }
        return false;
    }
}
