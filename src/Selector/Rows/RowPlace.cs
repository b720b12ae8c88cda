// The 0-based place of a row in its table, where all that is known is the reader that stands on it.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Rows;

/// <summary>A cursor of its own that follows another reader of the same table by its lines.</summary>
internal sealed class RowPlace(string table) : IDisposable
{
    private TableReader own = Table.Open(table);
    private long place = -1;

    /// <summary>The place of the current row. Rows in the table's order cost one pass in all.</summary>
    /// <exception cref="TableException">The table has no such row.</exception>
    public long Of(TableReader row)
    {
        if (place >= 0 && own.Line > row.Line)
        {
            own.Dispose();
            own = Table.Open(table);
            place = -1;
        }
        while (place < 0 || own.Line < row.Line)
        {
            if (!own.Read())
                throw new TableException($"{table} changed while it was read; begin again when whatever writes it is done");
            place++;
        }
        return place;
    }

    public void Dispose() => own.Dispose();
}
