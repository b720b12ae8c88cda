// Tables as Parquet: row groups of bounded size; numeric columns of the contract are typed, the rest are text.

using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

internal sealed class ParquetTableReader : TableReader
{
    private readonly string path;
    private readonly ParquetReader reader;

    public ParquetTableReader(string path)
    {
        this.path = path;
        try
        {
            // Parquet.Net is asynchronous only; tables are read on the stage's own thread.
            reader = ParquetReader.CreateAsync(path).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new TableException($"{path}: not a Parquet file ({error.Message}); rename it if it is CSV", error);
        }
        Header = new TableHeader([.. reader.Schema.DataFields.Select(field => field.Name)]);
    }

    public override TableHeader Header { get; }

    public override IEnumerable<TableRow> Rows(CancellationToken cancel = default)
    {
        long number = 0;
        for (int group = 0; group < reader.RowGroupCount; group++)
        {
            using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
            string[][] columns = [.. reader.Schema.DataFields.Select(field => Text(rows, field))];
            for (int i = 0; i < rows.RowCount; i++)
            {
                cancel.ThrowIfCancellationRequested();
                yield return new TableRow(Header, [.. columns.Select(column => column[i])], ++number);
            }
        }
    }

    public override void Dispose() => reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private string[] Text(ParquetRowGroupReader rows, DataField field)
    {
        if (field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>))
        {
            string?[] values = new string?[rows.RowCount];
            rows.ReadAsync(field, values.AsMemory()!).AsTask().GetAwaiter().GetResult();
            return [.. values.Select(value => value ?? "")];
        }
        if (field.ClrType == typeof(double)) return Read<double>(rows, field, Numbers.Format);
        if (field.ClrType == typeof(float)) return Read<float>(rows, field, Numbers.Format);
        if (field.ClrType == typeof(long)) return Read<long>(rows, field, value => value.ToString(CultureInfo.InvariantCulture));
        if (field.ClrType == typeof(int)) return Read<int>(rows, field, value => value.ToString(CultureInfo.InvariantCulture));
        if (field.ClrType == typeof(bool)) return Read<bool>(rows, field, value => value ? "true" : "false");
        throw new TableException($"{path}, column '{field.Name}': type {field.ClrType.Name} is not read; store it as text, integer or floating point");
    }

    private static string[] Read<T>(ParquetRowGroupReader rows, DataField field, Func<T, string> format) where T : struct
    {
        if (!field.IsNullable)
        {
            var plain = new T[rows.RowCount];
            rows.ReadAsync(field, plain.AsMemory()).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(plain, value => format(value));
        }
        var values = new T?[rows.RowCount];
        rows.ReadAsync(field, values.AsMemory()).AsTask().GetAwaiter().GetResult();
        return Array.ConvertAll(values, value => value is { } known ? format(known) : "");
    }
}

internal sealed class ParquetTableWriter : TableWriter
{
    private const int RowsPerGroup = 100_000;

    private static readonly HashSet<string> Integers = ["width", "height", "bytes", "prediction", "rank"];
    private static readonly HashSet<string> Floats = ["confidence", "entropy", "energy", "pseudo_label_ce", "selection_score", "weight"];

    private readonly AtomicFile file;
    private readonly DataField[] fields;
    private readonly ParquetWriter writer;
    private readonly List<string?>[] pending;
    private bool closed;

    public ParquetTableWriter(string path, IReadOnlyList<string> columns)
    {
        file = new AtomicFile(path);
        fields = [.. columns.Select(Field)];
        writer = ParquetWriter.CreateAsync(new ParquetSchema(fields.Cast<Field>().ToArray()), file.Stream).GetAwaiter().GetResult();
        pending = [.. columns.Select(_ => new List<string?>())];
    }

    public override void Write(IReadOnlyList<string?> fields)
    {
        if (fields.Count != pending.Length) throw new ArgumentException($"{fields.Count} fields for {pending.Length} columns", nameof(fields));
        for (int i = 0; i < fields.Count; i++) pending[i].Add(fields[i]);
        if (pending[0].Count == RowsPerGroup) Flush();
    }

    public override void Commit()
    {
        Flush();
        Close();
        file.Commit();
    }

    public override void Dispose()
    {
        Close();
        file.Dispose();
    }

    private static DataField Field(string column)
    {
        if (Integers.Contains(column)) return new DataField<long?>(column);
        bool real = Floats.Contains(column) || column.StartsWith("probe_variance_", StringComparison.Ordinal) || column.StartsWith("probe_cosine_", StringComparison.Ordinal);
        return real ? new DataField<double?>(column) : new DataField<string>(column);
    }

    private void Flush()
    {
        if (pending.Length == 0 || pending[0].Count == 0) return;
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        for (int i = 0; i < fields.Length; i++)
        {
            WriteColumn(group, fields[i], pending[i]);
            pending[i].Clear();
        }
        group.CompleteValidate();
    }

    private static void WriteColumn(ParquetRowGroupWriter group, DataField field, List<string?> values)
    {
        Task done = field.ClrType == typeof(long) ? group.WriteAsync<long>(field, Typed(values, text => long.Parse(text, CultureInfo.InvariantCulture)))
            : field.ClrType == typeof(double) ? group.WriteAsync<double>(field, Typed(values, text => double.Parse(text, CultureInfo.InvariantCulture)))
            : group.WriteAsync(field, values.Select(value => value ?? "").ToArray());
        done.GetAwaiter().GetResult();
    }

    private static ReadOnlyMemory<T?> Typed<T>(List<string?> values, Func<string, T> parse) where T : struct => values.Select(value => string.IsNullOrEmpty(value) ? (T?)null : parse(value)).ToArray();

    private void Close()
    {
        if (closed) return;
        closed = true;
        writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
