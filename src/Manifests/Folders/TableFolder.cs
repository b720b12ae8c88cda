// A table in parts: a folder of CSV or Parquet files with an index, for tables that nobody wants to join into one file.

using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DataFreeKD.Manifests.Folders;

/// <summary>
/// Reads and writes table folders: <c>NAME.table/</c> with <c>NNNNNNNN.csv</c> or <c>.parquet</c> and <c>index.json</c>, which names the
/// parts in their order with rows and SHA-256. <see cref="Table.Open"/> opens one as it opens a file. Paths in it are relative to the
/// folder around it, as those of a table beside it would be.
/// </summary>
internal static partial class TableFolder
{
    /// <summary>What a table folder's name ends with when this tool writes it.</summary>
    public const string Ending = ".table";

    private const string IndexName = "index.json",
        Kind = "DataFreeKD table folder";

    private const long LargestIndex = 64 << 20;

    private static ReadOnlySpan<byte> Mark => "\"DataFreeKD table folder\""u8;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    // Parts that were read and found whole by this process: their length and time tell whether they are still the same.
    private static readonly ConcurrentDictionary<(string Path, long Length, DateTime Written), bool> Whole = new();

    internal sealed record Part(string File, long Rows, string Sha256);

    internal sealed record Index(string Kind, int Form, IReadOnlyList<string> Columns, long Rows, IReadOnlyList<Part> Parts);

    /// <summary>Where the table folder lies that stands for a table: <c>scores.table</c> for <c>scores.csv</c>.</summary>
    public static string Beside(string table) => Path.ChangeExtension(table, Ending);

    /// <summary>Whether a path is a folder with such an index: others' folders may hold a file of that name.</summary>
    public static bool Fits(string path)
    {
        string index = IndexOf(path);
        if (FileFacts.Of(index).Type != FileType.Regular)
            return false;
        try
        {
            using FileStream file = new(index, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            Span<byte> start = stackalloc byte[128];
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            return start.StartsWith("{"u8) && start.IndexOf(Mark) >= 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The index of a table folder, whose SHA-256 stands for the whole.</summary>
    public static string IndexOf(string folder) => Path.Combine(folder, IndexName);

    /// <summary>Writes a table folder; the index comes last, so that without it the folder is none.</summary>
    /// <param name="folder">The folder; created where absent. Parts of an earlier one are removed.</param>
    /// <param name="columns">The columns of every part.</param>
    /// <param name="parts">CSV files of these columns. Where the folder's are CSV too they are given a second name there, so that nothing
    /// is copied.</param>
    /// <param name="parquet">Whether its parts are Parquet.</param>
    /// <param name="cancel">Stops between rows.</param>
    /// <exception cref="TableException">The folder holds what this tool did not write, or a part has other columns.</exception>
    public static void Write(
        string folder,
        IReadOnlyList<string> columns,
        IEnumerable<string> parts,
        bool parquet,
        CancellationToken cancel
    )
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(parts);
        RefuseForeign(folder);
        Remove(folder);
        Directory.CreateDirectory(folder);
        List<Part> written = new();
        foreach (string part in parts)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{written.Count:D8}{(parquet ? ".parquet" : ".csv")}"),
                file = Path.Combine(folder, name);
            long rows = parquet ? Rewritten(part, file, columns, cancel) : Linked(part, file, columns, cancel);
            written.Add(new Part(name, rows, Provenance.HashFile(file, cancel)));
        }
        AtomicFile.WriteAllText(
            IndexOf(folder),
            JsonSerializer.Serialize(new Index(Kind, 1, columns, written.Sum(part => part.Rows), written), Json) + "\n"
        );
    }

    /// <summary>Refuses a folder with anything in it that no table folder of this tool has: it would be removed.</summary>
    /// <exception cref="TableException">There is such a folder, or a file of its name.</exception>
    public static void RefuseForeign(string folder)
    {
        if (File.Exists(folder))
            throw new TableException($"{folder} is a file where a table folder is written; move it away, or name another output");
        if (!Directory.Exists(folder))
            return;
        string[] names = [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)!)];
        string? foreign = Array.Find(names, name => !OwnName().IsMatch(name) || Directory.Exists(Path.Combine(folder, name)));
        // An index of somebody else's; one without a mark at all, where parts lie beside it, is too.
        if (foreign is null && File.Exists(IndexOf(folder)) && !Fits(folder))
            foreign = IndexName;
        // Names alone do not make files ours: without an index they are a folder that was being written only where its provenance says so.
        if (foreign is null && !Fits(folder) && !Provenance.IsOwnBeside(folder))
            foreign = Array.Find(names, name => !name.EndsWith(".tmp", StringComparison.Ordinal));
        if (foreign is not null)
            throw new TableException(
                $"{folder} holds {foreign}, which is no part of a table folder; move the folder away, or name another output"
            );
    }

    /// <summary>Removes a table folder: its index first, then its parts, and the folder where nothing else is in it.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        File.Delete(IndexOf(folder));
        foreach (string file in Directory.EnumerateFiles(folder).Where(file => OwnName().IsMatch(Path.GetFileName(file))).ToArray())
            File.Delete(file);
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    /// <summary>Refuses a folder of such a name that holds parts without an index: its table is not whole, and its parts alone lead to
    /// other paths.</summary>
    /// <exception cref="TableException">It is one.</exception>
    public static void RefuseUnfinished(string path)
    {
        if (
            Directory.Exists(path)
            && Path.TrimEndingDirectorySeparator(path).EndsWith(Ending, StringComparison.OrdinalIgnoreCase)
            && !Fits(path)
            && Directory.EnumerateFileSystemEntries(path).Any()
            && Directory.EnumerateFileSystemEntries(path).All(entry => OwnName().IsMatch(Path.GetFileName(entry)))
        )
            throw new TableException(
                $"{path} has no {IndexName}, so that its table is not whole; write it again with dfkd score --finish --table-folder"
            );
    }

    /// <summary>The index.</summary>
    /// <exception cref="TableException">It is none.</exception>
    internal static Index Read(string folder)
    {
        Index index = Deserialized(folder)
            ?? throw new TableException(
                $"{IndexOf(folder)} is not the index of a table folder; name a table, or write the folder again with dfkd score --finish --table-folder"
            );
        TableHeader.Check(index.Columns, IndexOf(folder));
        if (index.Parts.FirstOrDefault(part => part.File != Path.GetFileName(part.File) || !OwnName().IsMatch(part.File)) is { } odd)
            throw new TableException($"{IndexOf(folder)} names the part '{odd.File}', which is no name of one; write the folder again");
        if (index.Parts.Select(part => part.File).Distinct(StringComparer.Ordinal).Count() != index.Parts.Count)
            throw new TableException($"{IndexOf(folder)} names a part twice; write the folder again");
        if (index.Parts.Any(part => part.Rows < 0) || index.Parts.Sum(part => (decimal)part.Rows) != index.Rows)
            throw new TableException($"{IndexOf(folder)} has {index.Rows} rows, and its parts others together; write the folder again");
        return index;
    }

    /// <summary>Opens a part, once its bytes are known to be those of the index.</summary>
    /// <exception cref="TableException">They are not.</exception>
    internal static TableReader Open(string folder, Part part, IReadOnlyList<string> columns)
    {
        string path = Path.Combine(folder, part.File);
        FileInfo file = new(path);
        if (FileFacts.Of(path).Type != FileType.Regular)
            throw new TableException($"{path} is gone, and the index of its folder names it; put it back, or write the folder again");
        (string, long, DateTime) seen = (file.FullName, file.Length, file.LastWriteTimeUtc);
        if (!Whole.ContainsKey(seen))
        {
            if (Provenance.HashFile(path) != part.Sha256)
                throw new TableException(
                    $"{path} is cut short or altered: its sha256 is not the one in {IndexName}; put it back, or write the folder again"
                );
            Whole.TryAdd(seen, true);
        }
        TableReader reader = part.File.EndsWith(".csv", StringComparison.Ordinal) ? TablePart.Open(path) : Table.Open(path);
        if (reader.Header.Columns.SequenceEqual(columns))
            return reader;
        reader.Dispose();
        throw new TableException($"{path} has other columns than {IndexName} says; write the folder again");
    }

    private static Index? Deserialized(string folder)
    {
        if (new FileInfo(IndexOf(folder)).Length > LargestIndex)
            throw new TableException($"{IndexOf(folder)} has more than {LargestIndex >> 20} MiB; write the folder with larger parts");
        try
        {
            return
                JsonSerializer.Deserialize<Index>(File.ReadAllBytes(IndexOf(folder)), Json)
                    is { Kind: Kind, Form: 1, Columns: { } columns, Parts: { } parts } index
                && columns.All(name => name is not null)
                && parts.All(part => part is { File: not null, Sha256: not null })
                ? index
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long Linked(string part, string file, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        long rows = 0;
        using (TableReader reader = Checked(part, columns))
        {
            while (reader.Read())
            {
                cancel.ThrowIfCancellationRequested();
                rows++;
            }
        }
        if (!HardLink.TryCreate(part, file))
            throw new TableException($"{file} appeared while the folder was written; see who else writes there, and begin again");
        return rows;
    }

    private static long Rewritten(string part, string file, IReadOnlyList<string> columns, CancellationToken cancel)
    {
        long rows = 0;
        using TableReader reader = Checked(part, columns);
        using TableWriter writer = Table.Create(file, columns);
        foreach (TableRow row in reader.Rows(cancel))
        {
            writer.Write(row.Fields);
            rows++;
        }
        writer.Commit();
        return rows;
    }

    private static TableReader Checked(string part, IReadOnlyList<string> columns)
    {
        TableReader reader = TablePart.Open(part);
        if (reader.Header.Columns.SequenceEqual(columns))
            return reader;
        reader.Dispose();
        throw new TableException($"{part} has other columns than the table; write it again");
    }

    [GeneratedRegex(@"\A(?:[0-9]{8}\.(?:csv|parquet)|index\.json|\..+\.tmp)\z", RegexOptions.CultureInvariant)]
    private static partial Regex OwnName();
}
