// Vectors of a Parquet file, row group by row group.

using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>A .parquet file with a list column <c>embedding</c> of floats, all lists of one length.</summary>
internal sealed class ParquetEmbeddings : EmbeddingReader
{
    private const string Column = "embedding";

    private readonly string path;
    private readonly FileStream stream;
    private readonly ParquetReader parquet;
    private readonly DataField field;

    public ParquetEmbeddings(string path)
    {
        this.path = path;
        stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            parquet = Guard(() => ParquetFooter.Open(stream));
            field = Guard(() => parquet.Schema.DataFields)
                .FirstOrDefault(data => data.Path.ToString().StartsWith(Column, StringComparison.Ordinal) && data.ClrType == typeof(float))
                ?? throw new TableException(
                    $"{path}: there is no column '{Column}' with lists of floats; write it with dfkd score --embeddings"
                );
            Rows = Guard(() => parquet.RowGroups.Sum(group => group.RowCount));
            if (Rows > 0)
                Width = First();
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public override long Rows { get; }

    public override int Width { get; }

    public override void Read(IReadOnlyList<long> rows, Action<int, ReadOnlySpan<float>> take)
    {
        long before = 0;
        int at = 0;
        for (int index = 0; index < parquet.RowGroupCount && at < rows.Count; index++)
        {
            using ParquetRowGroupReader group = Guard(() => parquet.OpenRowGroupReader(index));
            // A group without a wanted row is not decoded.
            if (rows[at] < before + group.RowCount)
            {
                using RawColumnData<float> data = Values(group);
                for (; at < rows.Count && rows[at] < before + group.RowCount; at++)
                    take(at, data.Values.Slice((int)(rows[at] - before) * Width, Width));
            }
            before += group.RowCount;
        }
    }

    protected override void Dispose(bool disposing)
    {
        Blocking.Wait(() => parquet.DisposeAsync().AsTask());
        stream.Dispose();
    }

    private int First()
    {
        using ParquetRowGroupReader group = Guard(() => parquet.OpenRowGroupReader(0));
        using RawColumnData<float> data = Decoded(group);
        int width = (int)(data.Values.Length / group.RowCount);
        return width > 0 && width * group.RowCount == data.Values.Length ? width : throw Uneven();
    }

    private RawColumnData<float> Values(ParquetRowGroupReader group)
    {
        RawColumnData<float> data = Decoded(group);
        return data.Values.Length == group.RowCount * Width ? data : throw Uneven();
    }

    private RawColumnData<float> Decoded(ParquetRowGroupReader group) =>
        Guard(() => (RawColumnData<float>)Blocking.Wait(() => group.ReadRawColumnDataBaseAsync(field).AsTask()));

    private TableException Uneven() =>
        new($"{path}: the lists of column '{Column}' are not all of one length; give every row a vector of the same width");

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is not TableException)
        {
            throw new TableException(
                $"{path} is not a Parquet file, or is damaged ({ParquetFooter.Tell(problem)}); write it again",
                problem
            );
        }
    }
}
