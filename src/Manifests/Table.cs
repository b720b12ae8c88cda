// Opening and creating tables by file extension: .csv or .parquet, the same columns either way.

namespace DataFreeKD.Manifests;

/// <summary>The column names of a table, in file order, with look-up by name.</summary>
public sealed class TableHeader
{
    private readonly Dictionary<string, int> positions = new(StringComparer.Ordinal);

    /// <summary>Names must be distinct.</summary>
    /// <exception cref="TableException">A name stands twice.</exception>
    public TableHeader(IReadOnlyList<string> columns)
    {
        Columns = columns;
        for (int i = 0; i < columns.Count; i++)
        {
            if (!positions.TryAdd(columns[i], i)) throw new TableException($"column '{columns[i]}' stands twice in the header; rename one of them");
        }
    }

    /// <summary>Column names in file order.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The position of a column, or -1 where the table lacks it.</summary>
    public int IndexOf(string column) => positions.GetValueOrDefault(column, -1);
}

/// <summary>One row: its text fields in the header's order, and the 1-based data row it came from (for error messages).</summary>
public sealed record TableRow(TableHeader Header, string[] Fields, long Number)
{
    /// <summary>The field of a column; null where the table lacks that column.</summary>
    public string? this[string column] => Header.IndexOf(column) is >= 0 and var at ? Fields[at] : null;
}

/// <summary>Streaming access to tables.</summary>
public static class Table
{
    /// <summary>Opens a table for one streaming pass.</summary>
    /// <exception cref="TableException">The file is missing, or is not the table that its extension says.</exception>
    public static TableReader Open(string path)
    {
        if (!File.Exists(path)) throw new TableException($"{path}: no such table; check the path");
        return IsParquet(path) ? new ParquetTableReader(path) : new CsvTableReader(path);
    }

    /// <summary>Creates a table under a temporary name; <see cref="TableWriter.Commit"/> renames it.</summary>
    public static TableWriter Create(string path, IReadOnlyList<string> columns) => IsParquet(path) ? new ParquetTableWriter(path, columns) : new CsvTableWriter(path, columns);

    private static bool IsParquet(string path) => Path.GetExtension(path).Equals(".parquet", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A table being read: the header, then rows once.</summary>
public abstract class TableReader : IDisposable
{
    /// <summary>The columns.</summary>
    public abstract TableHeader Header { get; }

    /// <summary>Streams the rows, once.</summary>
    public abstract IEnumerable<TableRow> Rows(CancellationToken cancel = default);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A table being written. Without <see cref="Commit"/> nothing appears under the final name.</summary>
public abstract class TableWriter : IDisposable
{
    /// <summary>Appends a row; fields in the order of the columns given at creation. Null is written as an empty field.</summary>
    public abstract void Write(IReadOnlyList<string?> fields);

    /// <summary>Flushes to disk and renames to the final name.</summary>
    public abstract void Commit();

    /// <inheritdoc/>
    public abstract void Dispose();
}
