// Opening and creating tables by file extension: .csv or .parquet, the same columns either way; lists of other tools are read as tables
// too.

using DataFreeKD.Manifests.Folders;
using DataFreeKD.Manifests.Lists;

namespace DataFreeKD.Manifests;

/// <summary>Streaming access to tables.</summary>
public static class Table
{
    private const string Csv = ".CSV",
        Parquet = ".PARQUET";

    // Enough to tell a column of files.
    private const int RowsLookedAt = 8;

    /// <summary>Whether there is a file at the path whose extension is a table's or a list's (.csv, .tsv, .txt, .json, .jsonl, also .gz,
    /// and .parquet), or a <see cref="TableFolder"/>, so that <see cref="Open"/> can be asked for it.</summary>
    public static bool Fits(string path) =>
        ((IsNamedParquet(path) || ListReader.Fits(path)) && ListReader.IsRegular(path)) || TableFolder.Fits(path);

    /// <summary>
    /// Opens a table for one streaming pass. Beside this project's own tables it reads those of others: another separator than the comma, a
    /// backslash before a quote, Latin-1, columns without a name,
    /// JSON, lists of lines; what had to be guessed is told by <see cref="TableNotes"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="pathColumn">The column that is meant by <c>path</c>; null for the one of that or another usual name.</param>
    /// <exception cref="TableException">The file is missing, or is not the table that its extension says.</exception>
    public static TableReader Open(string path, string? pathColumn = null)
    {
        if (TableFolder.Fits(path))
            return new FolderTableReader(path, pathColumn);
        TableFolder.RefuseUnfinished(path);
        if (!IsNamedParquet(path) && !ListReader.Fits(path))
            throw NoFormat(path);
        if (Directory.Exists(path))
            throw new TableException($"{path} is a folder, not a table; name the .csv or .parquet file in it");
        if (!ListReader.IsRegular(path))
            throw new TableException(
                File.Exists(path)
                    ? $"{path} is no regular file; give a file"
                    : $"{path} does not exist; check the name, or run the stage that writes it"
            );
        try
        {
            TableReader table = Reader(path, pathColumn);
            if (pathColumn is not null || table.Header.IndexOf("path") >= 0 || FilesIn(path, table) is not { } found)
                return table;
            table.Dispose();
            TableNotes.Tell($"{path}: no column is called path; '{found}' is taken, since what it holds are files");
            return Reader(path, found);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new TableException($"{path} cannot be read: {problem.Message}", problem);
        }
    }

    private static TableReader Reader(string path, string? pathColumn) =>
        IsNamedParquet(path) ? new ParquetTableReader(path, pathColumn)
        : FastSeparator(path, pathColumn) is { } separator ? new CsvTableReader(path, separator, pathColumn)
        : new ListTableReader(path, pathColumn);

    // The one column whose first values are all files that are there. A table of addresses has none, and is not looked through.
    private static string? FilesIn(string path, TableReader opened)
    {
        if (opened.Header.Columns.Any(name => name.Contains("url", StringComparison.OrdinalIgnoreCase)))
            return null;
        using TableReader table = Reader(path, null);
        IReadOnlyList<string> columns = table.Header.Columns;
        int[] files = new int[columns.Count],
            others = new int[columns.Count];
        try
        {
            for (int row = 0; row < RowsLookedAt && table.Read(); row++)
            {
                for (int column = 0; column < columns.Count; column++)
                {
                    string value = table.Text(column);
                    if (value.Length > 0 && others[column] == 0)
                        (HeadlessList.IsFile(value, path) ? ref files[column] : ref others[column])++;
                }
            }
        }
        catch (TableException)
        {
            // Told when the row's turn comes.
        }
        int[] found = [.. Enumerable.Range(0, columns.Count).Where(column => files[column] > 0 && others[column] == 0)];
        return found is [var only] ? columns[only] : null;
    }

    /// <summary>Whether a column's name is one that is looked for in lists: of paths or of addresses.</summary>
    internal static bool IsLookedFor(string name, string? pathColumn) =>
        name.Equals(pathColumn ?? "path", StringComparison.OrdinalIgnoreCase)
        || name.Equals("url", StringComparison.OrdinalIgnoreCase)
        || (pathColumn is null && ColumnNames.IsPath(name));

    // Millions of rows want the fast reader, which takes UTF-8 only and quotes by the rules; null for what it cannot begin with.
    private static char? FastSeparator(string path, string? pathColumn)
    {
        if (!Path.GetExtension(path).Equals(Csv, StringComparison.OrdinalIgnoreCase))
            return null;
        byte[] start = new byte[64 << 10];
        using (FileStream file = File.OpenRead(path))
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        bool marked =
                start.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || start.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]),
            gzip = start.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);
        int end = start.AsSpan().IndexOfAny((byte)'\n', (byte)'\r');
        ReadOnlySpan<byte> line = end < 0 ? start : start.AsSpan(0, end);
        if (line.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            line = line[3..];
        if (
            marked
            || gzip
            || !System.Text.Unicode.Utf8.IsValid(line)
            || line.StartsWith("#"u8)
            || line.Contains((byte)0)
            || ListReader.TellsSeparator(System.Text.Encoding.UTF8.GetString(line))
        )
            return null;
        if (
            HeadlessList.Of(System.Text.Encoding.UTF8.GetString(line), path, field => IsLookedFor(field, pathColumn), plain: false)
            is not null
        )
            return null;
        char separator = DelimitedText.SeparatorOf(System.Text.Encoding.UTF8.GetString(line), tabs: false, fields =>
            fields.Any(field => IsLookedFor(field.Trim(), pathColumn))
        );
        return separator == '\t' ? null : separator;
    }

    /// <summary>Creates a table under a temporary name; <see cref="TableWriter.Commit"/> renames it.</summary>
    /// <exception cref="TableException">The extension is neither .csv nor .parquet, or the columns are empty, unnamed or
    /// repeated.</exception>
    public static TableWriter Create(string path, IReadOnlyList<string> columns)
    {
        bool parquet = IsParquet(path);
        TableHeader.Check(columns, path);
        return parquet ? new ParquetTableWriter(path, columns) : new CsvTableWriter(path, columns);
    }

    // File systems take names of 255 bytes.
    private const int LongestName = 220;

    /// <summary>Refuses a name that <see cref="Create"/> would refuse, before there is anything to write.</summary>
    /// <exception cref="TableException">The extension is neither .csv nor .parquet, a folder is there, or the name is too long.</exception>
    public static void RequireWritable(string path)
    {
        IsParquet(path);
        if (System.Text.Encoding.UTF8.GetByteCount(Path.GetFileName(path)) > LongestName)
            throw new TableException(
                $"{path}: the name is too long for what is written beside the table, whose names are longer; {LongestName} bytes are the most"
            );
        if (Directory.Exists(path))
            throw new TableException($"{path} is a folder; name a .csv or .parquet file");
    }

    private static bool IsParquet(string path) =>
        Path.GetExtension(path).ToUpperInvariant() switch
        {
            Csv => false,
            Parquet => true,
            _ => throw NoFormat(path),
        };

    private static bool IsNamedParquet(string path) => Path.GetExtension(path).Equals(Parquet, StringComparison.OrdinalIgnoreCase);

    private static TableException NoFormat(string path) =>
        new($"{path}: '{Path.GetExtension(path)}' is not a table format; name the file .csv or .parquet");
}
