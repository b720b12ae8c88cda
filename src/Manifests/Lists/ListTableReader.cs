// A list of another tool as a table: strict about rows, since a table's rows are promised to be all there.

using System.Globalization;
using System.Text;

namespace DataFreeKD.Manifests.Lists;

/// <summary>Reads what the fast readers do not: other separators, encodings and escapes, JSON, plain lists of paths.</summary>
internal sealed class ListTableReader : TableReader
{
    private readonly string path;
    private readonly string? pathColumn;
    private readonly IEnumerator<ListEntry> entries;
    private readonly Dictionary<string, int> positions;
    private readonly string?[] fields;
    private byte[] utf8 = [];
    private long line;

    public ListTableReader(string path, string? pathColumn)
    {
        (this.path, this.pathColumn) = (path, pathColumn);
        ListReader list = new(path, name => Table.IsLookedFor(name, pathColumn));
        string[] columns = list.Columns.Count > 0 ? [.. list.Columns] : ["path"];
        TableHeader.Check(columns, path);
        Header = new TableHeader(columns, path, pathColumn);
        positions = columns.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        fields = new string?[columns.Length];
        // Of the columns' line, where the list has one.
        line = list.HasHeader ? 1 : 0;
        entries = list.Entries(CancellationToken.None).GetEnumerator();
    }

    public override TableHeader Header { get; }

    public override long Line => line;

    public override bool Read()
    {
        if (!entries.MoveNext())
            return false;
        line++;
        ListEntry entry = entries.Current;
        if (entry.Values is not { } values)
            throw new TableException(
                $"{path}: entry {line} is not a row of this table: {Cut(entry.Line)}; every row needs the fields that the header names"
            );
        Array.Clear(fields);
        if (entry.Names is null)
        {
            int single = Header.IndexOf("path");
            fields[single >= 0 ? single : 0] = values[0];
            return true;
        }
        for (int at = 0; at < values.Count; at++)
        {
            if (ReferenceEquals(entry.Names, Header.Columns))
                fields[at] = values[at];
            else if (positions.TryGetValue(entry.Names[at], out int position))
                fields[position] = values[at];
        }
        // Objects may call their image by different names.
        if (
            Header.IndexOf("path") is >= 0 and var place
            && fields[place] is null
            && !ReferenceEquals(entry.Names, Header.Columns)
            && pathColumn is null
        )
            fields[place] = ColumnNames.Find(entry.Names, "path") is >= 0 and var other ? values[other] : null;
        return true;
    }

    public override string Text(int column) => fields[column] ?? "";

    public override ReadOnlySpan<byte> Utf8(int column)
    {
        string text = Text(column);
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (utf8.Length < most)
            utf8 = new byte[most];
        return utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, utf8));
    }

    public override bool Is(int column, string text) => Text(column) == text;

    public override double Number(int column)
    {
        string text = Text(column);
        if (text.Length == 0)
            return double.NaN;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw NotANumber(text, column);
    }

    protected override void Dispose(bool disposing) => entries.Dispose();

    private static string Cut(string text) => text.Length > 80 ? text[..80] + "…" : text;
}
