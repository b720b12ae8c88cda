// Reading a table: as rows of text, or as a cursor that decodes only the fields asked for.

namespace DataFreeKD.Manifests;

/// <summary>
/// A table being read: the header, then rows once. <see cref="Rows"/> is the plain way; the cursor
/// (<see cref="Read"/>, then <see cref="Text"/>, <see cref="Is"/>, <see cref="Number"/>) decodes no field that is not asked
/// for, which makes passes over tens of millions of rows cheap.
/// </summary>
public abstract class TableReader : IDisposable
{
    /// <summary>The columns.</summary>
    public abstract TableHeader Header { get; }

    /// <summary>Where the current row stands: its 1-based line of a CSV file, its 1-based row of a Parquet file.</summary>
    public abstract long Line { get; }

    /// <summary>Moves to the next row; false after the last.</summary>
    /// <exception cref="TableException">The row is broken; the message names file and line and how to mend it.</exception>
    public abstract bool Read();

    /// <summary>The current row's field as text; empty where it has no value.</summary>
    public abstract string Text(int column);

    /// <summary>The current row's field as UTF-8, valid until the next <see cref="Read"/> or <see cref="Utf8"/>.</summary>
    public abstract ReadOnlySpan<byte> Utf8(int column);

    /// <summary>Whether the current row's field is exactly <paramref name="text"/>, without making a string of it.</summary>
    public abstract bool Is(int column, string text);

    /// <summary>The current row's field as a number; NaN where it is empty.</summary>
    /// <exception cref="TableException">Not a number; the message names file, line and column.</exception>
    public abstract double Number(int column);

    /// <summary>The current row with all its fields as text.</summary>
    public TableRow Row()
    {
        string[] fields = new string[Header.Columns.Count];
        for (int column = 0; column < fields.Length; column++)
            fields[column] = Text(column);
        return new TableRow(Header, fields, Line);
    }

    /// <summary>Streams the rows, once.</summary>
    /// <exception cref="TableException">A row is broken; the message names file and line and how to mend it.</exception>
    public IEnumerable<TableRow> Rows(CancellationToken cancel = default)
    {
        while (Read())
        {
            cancel.ThrowIfCancellationRequested();
            yield return Row();
        }
    }

    /// <summary>Streams the absolute paths of the usable rows (<see cref="TableRow.IsUsable"/>), once; no other column is
    /// decoded.</summary>
    /// <exception cref="TableException">There is no column of paths, or a row is broken.</exception>
    public IEnumerable<string> UsablePaths(CancellationToken cancel = default)
    {
        int path = Header.Require("path"),
            status = Header.IndexOf("status");
        while (Read())
        {
            cancel.ThrowIfCancellationRequested();
            string file = Text(path);
            if (file.Length > 0 && (status < 0 || !TableRow.Refuses(Text(status))))
                yield return ManifestPath.FromTable(file, Header.Source);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    protected abstract void Dispose(bool disposing);

    /// <summary>The error of a field that should be a number.</summary>
    private protected TableException NotANumber(string text, int column) =>
        Numbers.NotANumber(text, Header.Source, Line, Header.Columns[column]);
}
