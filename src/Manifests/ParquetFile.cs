// One opening of a Parquet file; the library lets one thread at a time read by it.

using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>An open Parquet file, whose damage is told as a <see cref="TableException"/>.</summary>
internal sealed class ParquetFile : IDisposable
{
    private readonly FileStream stream;
    private readonly ParquetReader parquet;

    public ParquetFile(string path)
    {
        Path = path;
        stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            parquet = Guard(() => ParquetFooter.Open(stream));
            Fields = Guard<Field[]>(() => [.. parquet.Schema.Fields]);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public string Path { get; }

    public ParquetSchema Schema => parquet.Schema;

    /// <summary>The columns, nested ones whole.</summary>
    public Field[] Fields { get; }

    /// <summary>How many row groups there are.</summary>
    public int Groups => parquet.RowGroupCount;

    /// <summary>How many rows a group has.</summary>
    public int RowsOf(int group)
    {
        long rows = Guard(() =>
        {
            using ParquetRowGroupReader reader = parquet.OpenRowGroupReader(group);
            return reader.RowCount;
        });
        return rows <= int.MaxValue
            ? (int)rows
            : throw new TableException($"{Path}: row group {group + 1} has {rows} rows; write the table with smaller row groups");
    }

    /// <summary>Decodes a column of a group.</summary>
    public ParquetColumn Load(int group, int column) =>
        Guard(() =>
        {
            using ParquetRowGroupReader reader = parquet.OpenRowGroupReader(group);
            DataField? flat = Fields[column] is DataField { IsArray: false } one ? one : null;
            try
            {
                return ParquetColumn.Load(reader, Fields[column]);
            }
            catch (Exception problem) when (flat is null ? problem is not OutOfMemoryException : IsBystander(flat, problem))
            {
                // A bystander is never a reason to refuse the file.
                TableNotes.Tell(
                    $"{Path}: the {(flat is null ? "nested " : "")}column {Fields[column].Name} cannot be read and is left empty ({(problem is NotImplementedException && flat is null ? "lists in data pages of version 2 are not read" : problem.Message.TrimEnd('.'))})"
                );
                return new TextColumn(new ReadOnlyMemory<char>[reader.RowCount]);
            }
        });

    // Numbers and times in an encoding that the library does not have for them. Text may be what the table is for.
    private static bool IsBystander(DataField field, Exception problem) =>
        problem is NotSupportedException or NotImplementedException
        && !ParquetColumn.IsText(field.ClrType)
        && !ParquetColumn.IsBinary(field.ClrType);

    /// <summary>Decodes bytes of a group.</summary>
    public byte[]?[] LoadBytes(int group, DataField field) =>
        Guard(() =>
        {
            using ParquetRowGroupReader reader = parquet.OpenRowGroupReader(group);
            return ParquetBytes.Load(reader, field);
        });

    public void Dispose()
    {
        Blocking.Wait(() => parquet.DisposeAsync().AsTask());
        stream.Dispose();
    }

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is not TableException)
        {
            // The library reports damage by whatever its decoders run into.
            throw new TableException(
                $"{Path} is not a Parquet file, or is damaged ({ParquetFooter.Tell(problem)}); write it again",
                problem
            );
        }
    }
}

/// <summary>A row group, whose columns are decoded when they are first asked for.</summary>
internal sealed class ParquetGroup(ParquetFile file, int index, int rows)
{
    private readonly ParquetColumn?[] columns = new ParquetColumn?[file.Fields.Length];
    private readonly bool[] asked = new bool[file.Fields.Length];

    /// <summary>How many rows it has.</summary>
    public int Rows => rows;

    /// <summary>The columns that were asked for.</summary>
    public int[] Asked => [.. Enumerable.Range(0, asked.Length).Where(column => asked[column])];

    public ParquetColumn Column(int column)
    {
        asked[column] = true;
        return columns[column] ??= file.Load(index, column);
    }

    /// <summary>Decodes columns by another opening of the file, before anybody asks.</summary>
    public void Prepare(ParquetFile by, int[] wanted)
    {
        foreach (int column in wanted)
            columns[column] = by.Load(index, column);
    }
}
