// The columns of a table, and where to find each: by its name, or by what others call it.

namespace DataFreeKD.Manifests;

/// <summary>The column names of a table, in file order, with look-up by name.</summary>
/// <param name="columns">Names in file order; no two alike.</param>
/// <param name="source">The file they came from, for error messages; empty where there is none.</param>
/// <param name="pathColumn">The column that is meant by <c>path</c>; null for the one of that name, or of another usual one
/// (<see cref="ColumnNames"/>).</param>
public sealed class TableHeader(IReadOnlyList<string> columns, string source = "", string? pathColumn = null)
{
    private readonly Dictionary<string, int> positions = columns
        .Select((name, position) => (name, position))
        .ToDictionary(pair => pair.name, pair => pair.position, StringComparer.Ordinal);
    private readonly Dictionary<string, int> found = new(StringComparer.Ordinal);

    /// <summary>Column names in file order.</summary>
    public IReadOnlyList<string> Columns { get; } = columns;

    /// <summary>The file they came from; empty where there is none.</summary>
    public string Source { get; } = source;

    /// <summary>The position of a column, or -1 where the table lacks it. A name that is not there as it is written is looked for without
    /// regard to case; <c>path</c> by other usual names too.</summary>
    public int IndexOf(string column)
    {
        if (pathColumn is not null && column == "path")
            return ColumnNames.Exactly(Columns, pathColumn);
        if (positions.TryGetValue(column, out int at))
            return at;
        lock (found)
        {
            if (!found.TryGetValue(column, out at))
                found.Add(column, at = ColumnNames.Find(Columns, column));
        }
        return at;
    }

    /// <summary>The position of a column that has to be there.</summary>
    /// <exception cref="TableException">The table lacks it; the message names the columns it has.</exception>
    public int Require(string column) =>
        IndexOf(column) is >= 0 and var at
            ? at
            : throw new TableException(
                $"{Source}: there is no column '{(column == "path" && pathColumn is not null ? pathColumn : column)}'; it has {string.Join(", ", Columns)}{(column == "path" ? "; name the one that holds the files, with PathColumn where the verb has it" : "")}"
            )
            {
                Options = column == "path" ? ["PathColumn"] : [],
            };

    /// <summary>Refuses names that cannot be told apart: none at all, an empty one, the same one twice.</summary>
    internal static void Check(IReadOnlyList<string> columns, string source)
    {
        if (columns.Count == 0)
            throw new TableException($"{source}: the table is empty; its first line must name the columns");
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int at = 0; at < columns.Count; at++)
        {
            if (string.IsNullOrEmpty(columns[at]))
                throw new TableException($"{source}: column {at + 1} has no name; give every column of the header line a name");
            if (!seen.Add(columns[at]))
                throw new TableException($"{source}: the column '{columns[at]}' is there twice; rename or remove one");
        }
    }
}

/// <summary>One row: its text fields in the header's order, and the 1-based line or row number it came from (for error messages).</summary>
public sealed record TableRow(TableHeader Header, string[] Fields, long Number)
{
    /// <summary>The field of a column; null where the table lacks that column.</summary>
    public string? this[string column] => Header.IndexOf(column) is >= 0 and var at ? Fields[at] : null;

    /// <summary>Whether it names an image, and no stage has found fault with that.</summary>
    public bool IsUsable => !string.IsNullOrEmpty(this["path"]) && !IsRefused;

    /// <summary>Whether a stage has found fault with it: <c>status</c> has one of this project's words other than <c>ok</c>. Other words
    /// are of somebody else's.</summary>
    public bool IsRefused => Refuses(this["status"]);

    internal static bool Refuses(string? status) => status is Status.Duplicate or Status.Rejected or Status.Skipped or Status.Failed;
}
