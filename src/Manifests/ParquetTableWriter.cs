// Parquet out: the contract's numbers as typed columns, everything else as text, in row groups.

using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>A Parquet table being written.</summary>
internal sealed class ParquetTableWriter : TableWriter
{
    // Large enough to compress well, small enough that a row group is never much memory on either side.
    private const int RowsInGroup = 65_536;

    private readonly string path;
    private readonly IReadOnlyList<string> columns;
    private readonly DataField[] fields;
    private readonly List<string?>[] pending;
    private readonly AtomicFile file;
    private readonly ParquetWriter parquet;
    private bool finished;

    public ParquetTableWriter(string path, IReadOnlyList<string> columns)
    {
        this.path = path;
        this.columns = columns;
        fields = [.. columns.Select(name => new DataField(name, Columns.TypeOf(name), isNullable: true))];
        pending = [.. columns.Select(_ => new List<string?>())];
        file = new AtomicFile(path);
        parquet = Blocking.Wait(() => ParquetWriter.CreateAsync(new ParquetSchema(fields), file.Stream));
    }

    public override void Write(IReadOnlyList<string?> fields)
    {
        CheckCount(fields, columns.Count);
        for (int at = 0; at < pending.Length; at++)
            pending[at].Add(fields[at]);
        if (pending[0].Count == RowsInGroup)
            Flush();
    }

    public override void Commit()
    {
        if (pending[0].Count > 0)
            Flush();
        Finish();
        file.Commit();
    }

    protected override void Dispose(bool disposing)
    {
        Finish();
        file.Dispose();
    }

    private void Finish()
    {
        if (finished)
            return;
        finished = true;
        Blocking.Wait(() => parquet.DisposeAsync().AsTask());
    }

    private void Flush()
    {
        using ParquetRowGroupWriter group = parquet.CreateRowGroup();
        Blocking.Wait(async () =>
        {
            for (int at = 0; at < fields.Length; at++)
                await WriteColumn(group, at).ConfigureAwait(false);
        });
        group.CompleteValidate();
        foreach (List<string?> column in pending)
            column.Clear();
    }

    private Task WriteColumn(ParquetRowGroupWriter group, int at)
    {
        List<string?> texts = pending[at];
        if (fields[at].ClrType == typeof(long))
        {
            long?[] values = new long?[texts.Count];
            for (int row = 0; row < values.Length; row++)
            {
                if (string.IsNullOrEmpty(texts[row]))
                    continue;
                values[row] = long.TryParse(texts[row], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
                    ? value
                    : throw Untyped(texts[row]!, at, "a whole number");
            }
            return group.WriteAsync<long>(fields[at], values);
        }
        if (fields[at].ClrType == typeof(double))
        {
            double?[] values = new double?[texts.Count];
            for (int row = 0; row < values.Length; row++)
            {
                if (string.IsNullOrEmpty(texts[row]))
                    continue;
                values[row] = double.TryParse(texts[row], NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                    ? value
                    : throw Untyped(texts[row]!, at, "a number");
            }
            return group.WriteAsync<double>(fields[at], values);
        }
        string?[] text = new string?[texts.Count];
        for (int row = 0; row < text.Length; row++)
            text[row] = string.IsNullOrEmpty(texts[row]) ? null : texts[row];
        return group.WriteAsync(fields[at], text!);
    }

    private TableException Untyped(string text, int at, string wanted) =>
        new($"{path}: column '{columns[at]}' holds '{text}', which is not {wanted}; mend that field, or write a .csv instead");
}
