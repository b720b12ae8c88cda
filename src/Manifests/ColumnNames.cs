// Names that others give to the column of paths or addresses.

namespace DataFreeKD.Manifests;

/// <summary>Finds columns by the names that people use: without regard to case and surrounding spaces, then by other usual names.</summary>
public static class ColumnNames
{
    /// <summary>What a column of paths is called elsewhere (Hugging Face, COCO, Keras, fastai, ...), the likeliest first.</summary>
    public static IReadOnlyList<string> PathAliases { get; } = ["file_name", "filepath", "file_path", "image_path", "filename", "img_path", "image_file", "image_filename", "imagepath", "file", "image", "img"];

    /// <summary>The position of a column, or -1: by its very name, then without regard to case, then, of <c>path</c>, by its aliases.</summary>
    public static int Find(IReadOnlyList<string> columns, string name) => Exactly(columns, name) is >= 0 and var at ? at : name == "path" ? FindAlias(columns) : -1;

    /// <summary>The position of a column that is called so, with regard to case or else without; -1 where there is none.</summary>
    public static int Exactly(IReadOnlyList<string> columns, string name)
    {
        int at = IndexOf(columns, name, StringComparison.Ordinal);
        return at >= 0 ? at : IndexOf(columns, name, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The position of a column of paths under another name; -1 where there is none.</summary>
    public static int FindAlias(IReadOnlyList<string> columns)
    {
        foreach (string alias in PathAliases)
        {
            if (IndexOf(columns, alias, StringComparison.OrdinalIgnoreCase) is >= 0 and var at) return at;
        }
        return -1;
    }

    private static int IndexOf(IReadOnlyList<string> columns, string name, StringComparison comparison)
    {
        for (int at = 0; at < columns.Count; at++)
        {
            if (columns[at].AsSpan().Trim().Equals(name, comparison)) return at;
        }
        return -1;
    }
}
