// Lists and tables of other tools: txt, csv, tsv, json, jsonl, also gzipped. What they are is sniffed, and a broken entry is told and costs
// no other.

using System.IO.Compression;

namespace DataFreeKD.Manifests.Lists;

/// <summary>A list that may be read any number of times; memory does not grow with its length, except for a .json that is one
/// object.</summary>
internal sealed class ListReader
{
    // JSON has no header: the objects this far in decide which keys become columns.
    private const int ObjectsLookedAt = 1000;

    // Enough to tell whether lines have as many fields as the first.
    private const int LinesLookedAt = 100;

    // A line beyond this names no columns.
    private const int LongestHeader = 64 << 10;

    private readonly string path;
    private readonly string format;
    private readonly Func<string, bool> known;
    private readonly char separator;
    private readonly bool hasHeader;
    private readonly HeadlessList? headless;
    private readonly int comments;

    /// <summary>Looks at the beginning of a list.</summary>
    /// <param name="path">The file; what it is called decides between JSON, lines and separated values.</param>
    /// <param name="known">Tells the names of columns that are looked for, which help to tell a separator.</param>
    /// <exception cref="TableException">It cannot be opened.</exception>
    public ListReader(string path, Func<string, bool> known)
    {
        // #path is the name path in a line that is meant as no remark.
        Func<string, bool> asked = known;
        known = name => asked(Bare(name));
        (this.path, this.known, format) = (path, known, FormatOf(path));
        if (Directory.Exists(path))
            throw new TableException($"{path} is a folder, not a table; name the .csv or .parquet file in it");
        if (!IsRegular(path))
            throw new TableException(
                File.Exists(path)
                    ? $"{path} is no regular file; give a file, or - for standard input"
                    : $"{path} does not exist; check the name, or run the stage that writes it"
            );
        try
        {
            if (IsJson(path))
            {
                Columns =
                [
                    .. Entries(CancellationToken.None)
                        .Take(ObjectsLookedAt)
                        .SelectMany(entry => entry.Names ?? [])
                        .Distinct(StringComparer.Ordinal),
                ];
                return;
            }
            if (format != ".TXT")
                comments = Lines(CancellationToken.None).TakeWhile(IsComment).Count();
            char? told = SeparatorLine(Lines(CancellationToken.None).Skip(comments).FirstOrDefault() ?? "");
            if (told is not null)
                comments++;
            string first = Lines(CancellationToken.None)
                .Skip(comments)
                .FirstOrDefault(line => !string.IsNullOrWhiteSpace(line) && (format != ".TXT" || !IsRemark(line)))
                ?? "";
            if (first.Length > LongestHeader)
                first = first[..LongestHeader];
            if (format != ".TXT" && first.Contains('\0', StringComparison.Ordinal))
                throw new TableException(
                    $"{path} holds bytes that are no text{(first.StartsWith("PK", StringComparison.Ordinal) ? "; it begins as a zip archive or a spreadsheet does" : "")}; save the table as .csv in UTF-8"
                );
            headless = told is null ? HeadlessList.Of(first, path, known, plain: format == ".TXT") : null;
            if (headless is not null)
            {
                if (headless.Columns.Count > 1 && HasSeparatorsWithin(headless))
                    headless = new HeadlessList(',', [headless.Columns.First(column => column is "path" or "url")]);
                Columns = headless.Columns;
                TableNotes.Tell(
                    $"{path} has no line of names: column {Columns.Index().First(column => column.Item is "path" or "url").Index + 1} of {Columns.Count} is taken as {Columns.First(name => name is "path" or "url")}"
                );
                return;
            }
            separator = told
                ?? DelimitedText.SeparatorOf(first, tabs: format is ".TSV" or ".TAB", fields => fields.Any(field => known(field.Trim())));
            (IReadOnlyList<string>? names, string? line) = DelimitedText
                .Records(Lines(CancellationToken.None).Skip(comments), separator)
                .FirstOrDefault();
            if (names is null && line is not null && format != ".TXT")
                throw new TableException(
                    $"{path}: its first line gives no names of columns: a quote in it is not closed, or is followed by more than a separator; mend that line"
                );
            IReadOnlyList<string> header = names ?? [];
            hasHeader = format != ".TXT" || told is not null || (first.Length < LongestHeader && header.Any(field => known(field.Trim())));
            Columns = hasHeader ? Named(header) : [];
            if (header.Count(name => name.Trim().Equals("url", StringComparison.OrdinalIgnoreCase)) > 1)
                TableNotes.Tell($"{path} has several columns called url: the first is taken");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new TableException($"{path} cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>Names of the columns; of JSON those of its first objects. Empty for a plain list of lines.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Whether its first line names the columns.</summary>
    internal bool HasHeader => hasHeader;

    /// <summary>Whether a name ends as a list's does that this reads.</summary>
    public static bool Fits(string path) => FormatOf(path) is ".CSV" or ".TSV" or ".TAB" or ".TXT" or ".JSON" or ".JSONL" or ".NDJSON";

    /// <summary>Whether a name ends as a list's does that is JSON, whose entries name their fields themselves.</summary>
    public static bool IsJson(string path) => FormatOf(path) is ".JSON" or ".JSONL" or ".NDJSON";

    /// <summary>Whether a name ends as a list's does that has a JSON value a line.</summary>
    internal static bool IsOfLines(string path) => FormatOf(path) is ".JSONL" or ".NDJSON";

    /// <summary>Streams the entries. Empty lines, and in a plain list lines that start with #, are none.</summary>
    /// <exception cref="TableException">JSON that breaks off: what follows cannot be told.</exception>
    public IEnumerable<ListEntry> Entries(CancellationToken cancel)
    {
        switch (format)
        {
            case ".JSON" or ".JSONL" or ".NDJSON":
                return JsonText.Read(Open, path, known, cancel);
            default:
                return headless is not null ? Headless(headless, cancel)
                    : hasHeader ? Delimited(cancel)
                    : Lines(cancel).Where(line => !string.IsNullOrWhiteSpace(line) && !IsRemark(line)).Select(ListEntry.Plain);
        }
    }

    /// <summary>Whether a path leads to a file with bytes of its own: to open a pipe would wait for whoever writes to it.</summary>
    internal static bool IsRegular(string path) => FileFacts.Of(path).Type == FileType.Regular;

    // A column without a name, such as pandas writes for its index, is one all the same.
    internal static string[] Named(IReadOnlyList<string> header)
    {
        string[] names = [.. header.Select(name => name.Trim().Trim(Invisible))];
        if (names.Length > 0 && names[0].StartsWith('#') && ColumnNames.IsLookedFor(Bare(names[0])))
            names[0] = Bare(names[0]);
        HashSet<string> given = [.. names];
        for (int at = 0; at < names.Length; at++)
        {
            if (names[at].Length > 0)
                continue;
            string name = $"column_{at + 1}";
            while (!given.Add(name))
                name += "_";
            names[at] = name;
        }
        // Told apart as pandas does: label, label_2. Which of two columns of paths is meant, nobody can tell.
        HashSet<string> before = [];
        Dictionary<string, int> turns = [];
        for (int at = 0; at < names.Length; at++)
        {
            string plain = names[at];
            if (!ColumnNames.IsPath(plain))
            {
                int turn = turns.GetValueOrDefault(plain, 2);
                for (; before.Contains(names[at]); turn++)
                    names[at] = FormattableString.Invariant($"{plain}_{turn}");
                turns[plain] = turn;
            }
            before.Add(names[at]);
        }
        return names;
    }

    // A byte order mark in the middle of a file that was put together of several, and spaces without width.
    private static readonly char[] Invisible = ['\ufeff', '\u200b'];

    private static string Bare(string name) => name.Trim().Trim(Invisible).TrimStart('#').TrimStart();

    /// <summary>Whether a first line says what separates fields, as Excel's does.</summary>
    internal static bool TellsSeparator(string line) => SeparatorLine(line) is not null;

    // Excel's first line: sep=; with or without quotes.
    private static char? SeparatorLine(string line) =>
        line.TrimStart('"').StartsWith("sep=", StringComparison.OrdinalIgnoreCase)
        && line.TrimStart('"')[4..].TrimEnd('"', ' ') is [var only]
            ? only
            : null;

    // Of a list of files or addresses with commas in some of them: other lines have other numbers of fields, and each is one as a whole.
    private bool HasSeparatorsWithin(HeadlessList form)
    {
        string[] other =
        [
            .. Lines(CancellationToken.None)
                .Where(line => !string.IsNullOrWhiteSpace(line) && !IsRemark(line))
                .Take(LinesLookedAt)
                .Where(line => HeadlessList.Split(line, form.Separator).Count != form.Columns.Count),
        ];
        return other.Length > 0 && other.All(line => HeadlessList.Names(line, path) is not null);
    }

    private static string Whole(string line) =>
        line.Trim() is ['"', .. var inner, '"'] ? inner.Replace("\"\"", "\"", StringComparison.Ordinal) : line;

    // A line that begins so, unless a file is called so.
    private bool IsRemark(string line) => line.StartsWith('#') && !HeadlessList.IsFile(line, path);

    // A remark before the names of columns, which are never in it.
    private bool IsComment(string line) => IsRemark(line) && !line.Split(',', ';', '\t', '|').Any(known);

    private IEnumerable<ListEntry> Headless(HeadlessList form, CancellationToken cancel)
    {
        // A line of one field is that field, separators within it included.
        IEnumerable<(IReadOnlyList<string>? Fields, string Line)> records =
            form.Columns.Count == 1
                ? Lines(cancel)
                    .Where(line => !string.IsNullOrWhiteSpace(line))
                    .Select(line => ((IReadOnlyList<string>?)[Whole(line)], line))
            : form.Separator == ' '
                ? Lines(cancel)
                    .Where(line => !string.IsNullOrWhiteSpace(line))
                    .Select(line => ((IReadOnlyList<string>?)HeadlessList.Split(line, ' '), line))
            : DelimitedText.Records(Lines(cancel), form.Separator);
        return records
            .Where(record => format != ".TXT" || !IsRemark(record.Line))
            .Select(record =>
                record.Fields is { } fields && fields.Count == Columns.Count
                    ? new ListEntry(record.Line, Columns, fields)
                    : ListEntry.Broken(record.Line)
            );
    }

    private IEnumerable<ListEntry> Delimited(CancellationToken cancel) =>
        DelimitedText
            .Records(Lines(cancel).Skip(comments), separator)
            .Skip(1)
            .Select(record => record.Fields is { } fields ? new ListEntry(record.Line, Columns, fields) : ListEntry.Broken(record.Line));

    private IEnumerable<string> Lines(CancellationToken cancel)
    {
        using Stream stream = Open();
        foreach (string line in TextLines.Read(stream, path, cancel))
            yield return line;
    }

    private Stream Open()
    {
        FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 << 10, FileOptions.SequentialScan);
        Span<byte> start = stackalloc byte[2];
        int read = file.ReadAtLeast(start, 2, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 2 && start[0] == 0x1f && start[1] == 0x8b ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    // The extension in capitals, without that of gzip.
    private static string FormatOf(string path)
    {
        bool gzip = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        string extension = Path.GetExtension(gzip ? path[..^3] : path).ToUpperInvariant();
        return extension is ".LST" or ".LIST" ? ".TXT" : extension;
    }
}
