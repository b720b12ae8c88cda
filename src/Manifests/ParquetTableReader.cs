// Parquet in, row group by row group: flat columns as they are, nested ones as JSON text; bytes are left out, unless they are the paths or
// addresses themselves.

using System.Text;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>A Parquet table being read. Of a row group only the columns that are asked for are decoded; those that the last one was asked
/// for are decoded ahead, on other cores.</summary>
internal sealed class ParquetTableReader : TableReader
{
    private readonly ParquetFile file;
    private readonly ParquetReadAhead ahead;
    private readonly int groups;
    private readonly int[] places;
    private ParquetGroup? group;
    private byte[] utf8 = [];
    private int nextGroup;
    private int row = -1;
    private long line;

    public ParquetTableReader(string path, string? pathColumn)
    {
        file = new ParquetFile(path);
        try
        {
            places = [.. Enumerable.Range(0, file.Fields.Length).Where(column => Carried(file.Fields[column], pathColumn))];
            if (places.Length < file.Fields.Length)
                TableNotes.Tell(
                    $"{path}: left out, as no table holds them: {string.Join(", ", file.Fields.Where((_, column) => !places.Contains(column)).Select(field => $"{field.Name} ({Kind(field)})"))}"
                );
            string[] names = Lists.ListReader.Named([.. places.Select(column => file.Fields[column].Name)]);
            TableHeader.Check(names, path);
            Header = new TableHeader(names, path, pathColumn);
            groups = file.Groups;
            ahead = new ParquetReadAhead(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override TableHeader Header { get; }

    public override long Line => line;

    public override bool Read()
    {
        while (group is null || ++row >= group.Rows)
        {
            if (nextGroup >= groups)
                return false;
            group = ahead.Next(nextGroup++, group);
            row = -1;
        }
        line++;
        return true;
    }

    public override string Text(int column) => group!.Column(places[column]).Text(row).ToString();

    public override ReadOnlySpan<byte> Utf8(int column)
    {
        ReadOnlySpan<char> text = group!.Column(places[column]).Text(row);
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (utf8.Length < most)
            utf8 = new byte[most];
        return utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, utf8));
    }

    public override bool Is(int column, string text) => group!.Column(places[column]).Text(row).SequenceEqual(text);

    public override double Number(int column) =>
        group!.Column(places[column]).TryNumber(row, out double value) ? value : throw NotANumber(Text(column), column);

    protected override void Dispose(bool disposing)
    {
        ahead.Dispose();
        file.Dispose();
    }

    private static bool Carried(Field field, string? pathColumn) =>
        field switch
        {
            DataField { IsArray: false } flat => ParquetColumn.Supports(flat.ClrType)
                || (ParquetColumn.IsBinary(flat.ClrType) && Table.IsLookedFor(flat.Name, pathColumn)),
            _ => ParquetJson.Supports(field),
        };

    private static string Kind(Field field) =>
        field is DataField flat
            ? ParquetColumn.IsBinary(flat.ClrType)
                ? "bytes"
                : flat.ClrType.Name
            : field.SchemaType.ToString();
}
