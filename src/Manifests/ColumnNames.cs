// Names that others give to the column of paths or addresses.

namespace DataFreeKD.Manifests;

/// <summary>Finds columns by the names that people use: without regard to case and surrounding spaces, then by other usual names.</summary>
internal static class ColumnNames
{
    /// <summary>What a column of paths is called elsewhere (Hugging Face, COCO, Keras, fastai, ...), the likeliest first.</summary>
    public static IReadOnlyList<string> PathAliases { get; } =
    [
        "file_name",
        "file_path",
        "image_path",
        "img_path",
        "image_file",
        "image_filename",
        "file",
        "image",
        "img",
        "fname",
        "fpath",
        "image_file_path",
        "local_path",
        "relative_path",
        "rel_path",
        "full_path",
        "abs_path",
    ];

    /// <summary>The position of a column, or -1: by its very name, then without regard to case, then, of <c>path</c>, by its
    /// aliases.</summary>
    public static int Find(IReadOnlyList<string> columns, string name) =>
        Exactly(columns, name) is >= 0 and var at ? at
        : name == "path" ? FindAlias(columns)
        : -1;

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
            for (int at = 0; at < columns.Count; at++)
            {
                if (Same(columns[at].AsSpan().Trim(), alias))
                    return at;
            }
        }
        return -1;
    }

    /// <summary>Whether a column's name is <c>path</c> or a usual other name for it.</summary>
    public static bool IsPath(string name) => Same(name, "path") || PathAliases.Any(alias => Same(name, alias));

    /// <summary>Whether a column's name is of paths or of addresses.</summary>
    internal static bool IsLookedFor(string name) => IsPath(name) || Same(name, "url");

    // File Name, file-name and file_name are one name.
    private static bool Same(ReadOnlySpan<char> name, ReadOnlySpan<char> alias)
    {
        int at = 0;
        foreach (char letter in name)
        {
            if (letter is ' ' or '_' or '-' or '.')
                continue;
            while (at < alias.Length && alias[at] == '_')
                at++;
            if (at == alias.Length || char.ToUpperInvariant(letter) != char.ToUpperInvariant(alias[at++]))
                return false;
        }
        return at == alias.Length && at > 0;
    }

    private static int IndexOf(IReadOnlyList<string> columns, string name, StringComparison comparison)
    {
        for (int at = 0; at < columns.Count; at++)
        {
            if (columns[at].AsSpan().Trim().Equals(name, comparison))
                return at;
        }
        return -1;
    }
}
