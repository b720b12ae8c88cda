// Parquet in: flat columns of text, whole numbers, floats and booleans, one row group at a time.

using System.Text;
using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>A Parquet table being read. Memory is one row group.</summary>
internal sealed class ParquetTableReader : TableReader
{
    private readonly string path;
    private readonly FileStream stream;
    private readonly ParquetReader parquet;
    private readonly DataField[] fields;
    private readonly ParquetColumn?[] columns;
    private ParquetRowGroupReader? group;
    private int nextGroup;
    private int row = -1;
    private int rowsInGroup;
    private long line;

    public ParquetTableReader(string path)
    {
        this.path = path;
        stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            parquet = Guard(() => ParquetReader.CreateAsync(stream, leaveStreamOpen: true).GetAwaiter().GetResult());
            foreach (Field field in parquet.Schema.Fields) CheckFlat(field);
            fields = parquet.Schema.DataFields;
            columns = new ParquetColumn?[fields.Length];
            string[] names = [.. fields.Select(field => field.Name)];
            TableHeader.Check(names, path);
            Header = new TableHeader(names, path);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public override TableHeader Header { get; }

    public override long Line => line;

    public override bool Read()
    {
        while (++row >= rowsInGroup)
        {
            if (nextGroup >= parquet.RowGroupCount) return false;
            group?.Dispose();
            Array.Clear(columns);
            group = Guard(() => parquet.OpenRowGroupReader(nextGroup++));
            if (group.RowCount > int.MaxValue) throw new TableException($"{path}: row group {nextGroup} has {group.RowCount} rows; write the table with smaller row groups");
            rowsInGroup = (int)group.RowCount;
            row = -1;
        }
        line++;
        return true;
    }

    public override string Text(int column) => Loaded(column).Text(row);

    public override ReadOnlySpan<byte> Utf8(int column) => Encoding.UTF8.GetBytes(Text(column));

    public override bool Is(int column, string text) => Loaded(column).Text(row) == text;

    public override double Number(int column) => Loaded(column).TryNumber(row, out double value) ? value : throw NotANumber(Text(column), column);

    protected override void Dispose(bool disposing)
    {
        group?.Dispose();
        parquet.DisposeAsync().AsTask().GetAwaiter().GetResult();
        stream.Dispose();
    }

    // Only the columns that are asked for are ever decoded.
    private ParquetColumn Loaded(int column) => columns[column] ??= Guard(() => ParquetColumn.Load(group!, fields[column]));

    private void CheckFlat(Field field)
    {
        if (field is not DataField { IsArray: false } data || !ParquetColumn.Supports(data.ClrType))
            throw new TableException($"{path}: column '{field.Name}' has the type {(field as DataField)?.ClrType.Name ?? field.SchemaType.ToString()}, which a table cannot hold; drop it, or write it as text or numbers");
    }

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is not (TableException or OutOfMemoryException))
        {
            // The library reports damage by whatever its decoders run into.
            throw new TableException($"{path} is not a Parquet file, or is damaged ({problem.Message.TrimEnd('.')}); write it again", problem);
        }
    }
}
