// Writing a table, whole or not at all.

namespace DataFreeKD.Manifests;

/// <summary>A table being written. Without <see cref="Commit"/> nothing appears under the final name.</summary>
public abstract class TableWriter : IDisposable
{
    /// <summary>Appends a row; fields in the order of the columns given at creation. Null is written as an empty field.</summary>
    /// <exception cref="ArgumentException">Not as many fields as columns.</exception>
    public abstract void Write(IReadOnlyList<string?> fields);

    /// <summary>Flushes to disk and renames to the final name.</summary>
    public abstract void Commit();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes and, without a <see cref="Commit"/>, forgets what was written.</summary>
    protected abstract void Dispose(bool disposing);

    private protected static void CheckCount(IReadOnlyList<string?> fields, int columns)
    {
        if (fields.Count != columns)
            throw new ArgumentException($"the row has {fields.Count} fields, the table {columns} columns", nameof(fields));
    }
}
