// Parquet in: flat columns of text, whole numbers, floats and booleans, row group by row group.

using System.Text;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>A Parquet table being read. Of a row group only the columns that are asked for are decoded; those that the last one was asked for are decoded ahead, on other cores.</summary>
internal sealed class ParquetTableReader : TableReader
{
    private readonly ParquetFile file;
    private readonly ParquetReadAhead ahead;
    private readonly int groups;
    private ParquetGroup? group;
    private byte[] utf8 = [];
    private int nextGroup;
    private int row = -1;
    private long line;

    public ParquetTableReader(string path)
    {
        file = new ParquetFile(path);
        try
        {
            foreach (Field field in file.Schema.Fields) CheckFlat(field);
            string[] names = [.. file.Fields.Select(field => field.Name)];
            TableHeader.Check(names, path);
            Header = new TableHeader(names, path);
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
            if (nextGroup >= groups) return false;
            group = ahead.Next(nextGroup++, group);
            row = -1;
        }
        line++;
        return true;
    }

    public override string Text(int column) => group!.Column(column).Text(row).ToString();

    public override ReadOnlySpan<byte> Utf8(int column)
    {
        ReadOnlySpan<char> text = group!.Column(column).Text(row);
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (utf8.Length < most) utf8 = new byte[most];
        return utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, utf8));
    }

    public override bool Is(int column, string text) => group!.Column(column).Text(row).SequenceEqual(text);

    public override double Number(int column) => group!.Column(column).TryNumber(row, out double value) ? value : throw NotANumber(Text(column), column);

    protected override void Dispose(bool disposing)
    {
        ahead.Dispose();
        file.Dispose();
    }

    private void CheckFlat(Field field)
    {
        if (field is not DataField { IsArray: false } data || !ParquetColumn.Supports(data.ClrType))
            throw new TableException($"{file.Path}: column '{field.Name}' has the type {(field as DataField)?.ClrType.Name ?? field.SchemaType.ToString()}, which a table cannot hold; drop it, or write it as text or numbers");
    }
}
