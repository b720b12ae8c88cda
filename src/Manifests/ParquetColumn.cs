// One decoded Parquet column chunk, whose values can be had as text or as numbers.

using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>The values of one column in one row group.</summary>
internal abstract class ParquetColumn
{
    /// <summary>The value as text; empty for null.</summary>
    public abstract ReadOnlySpan<char> Text(int row);

    /// <summary>The value as a number, NaN for null or empty; false where the text is no number.</summary>
    public abstract bool TryNumber(int row, out double value);

    public static bool Supports(Type type) => IsText(type) || Numeric.ContainsKey(type);

    /// <summary>Whether a type is of bytes, which are text where a file's writer did not say so.</summary>
    public static bool IsBinary(Type type) =>
        type == typeof(byte[]) || type == typeof(ReadOnlyMemory<byte>) || type == typeof(Memory<byte>);

    /// <summary>Decodes a column of a group: a flat one by its type, bytes as UTF-8 text, a nested one as JSON text.</summary>
    public static ParquetColumn Load(ParquetRowGroupReader group, Field field)
    {
        if (field is not DataField { IsArray: false } flat)
            return new TextColumn(ParquetJson.Load(group, field));
        if (IsBinary(flat.ClrType))
            return new TextColumn([
                .. ParquetBytes
                    .Load(group, flat)
                    .Select(bytes => (bytes is null ? "" : System.Text.Encoding.UTF8.GetString(bytes)).AsMemory()),
            ]);
        return IsText(flat.ClrType) ? TextColumn.Load(group, flat) : Numeric[flat.ClrType](group, flat);
    }

    // The library gives a text column that it reads back the second type.
    public static bool IsText(Type type) => type == typeof(string) || type == typeof(ReadOnlyMemory<char>);

    private static readonly Dictionary<Type, Func<ParquetRowGroupReader, DataField, ParquetColumn>> Numeric = new()
    {
        [typeof(double)] = (group, field) => NumberColumn<double>.Load(group, field, Numbers.Format, value => value),
        [typeof(float)] = (group, field) => NumberColumn<float>.Load(group, field, Numbers.Format, value => value),
        [typeof(long)] = (group, field) => NumberColumn<long>.Load(group, field, Whole, value => value),
        [typeof(ulong)] = (group, field) => NumberColumn<ulong>.Load(group, field, Whole, value => value),
        [typeof(int)] = (group, field) => NumberColumn<int>.Load(group, field, Whole, value => value),
        [typeof(uint)] = (group, field) => NumberColumn<uint>.Load(group, field, Whole, value => value),
        [typeof(short)] = (group, field) => NumberColumn<short>.Load(group, field, Whole, value => value),
        [typeof(ushort)] = (group, field) => NumberColumn<ushort>.Load(group, field, Whole, value => value),
        [typeof(sbyte)] = (group, field) => NumberColumn<sbyte>.Load(group, field, Whole, value => value),
        [typeof(byte)] = (group, field) => NumberColumn<byte>.Load(group, field, Whole, value => value),
        [typeof(bool)] = (group, field) => NumberColumn<bool>.Load(group, field, value => value ? "true" : "false", value => value ? 1 : 0),
        [typeof(decimal)] = (group, field) => NumberColumn<decimal>.Load(group, field, Whole, value => (double)value),
        // Times are text: no stage reckons with them.
        [typeof(DateTime)] = (group, field) =>
            NumberColumn<DateTime>.Load(
                group,
                field,
                value => value.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
                _ => double.NaN
            ),
        [typeof(DateOnly)] = (group, field) =>
            NumberColumn<DateOnly>.Load(group, field, value => value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), _ => double.NaN),
        [typeof(TimeOnly)] = (group, field) =>
            NumberColumn<TimeOnly>.Load(
                group,
                field,
                value => value.ToString("HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
                _ => double.NaN
            ),
        [typeof(TimeSpan)] = (group, field) =>
            NumberColumn<TimeSpan>.Load(group, field, value => value.ToString("c", CultureInfo.InvariantCulture), _ => double.NaN),
        [typeof(Guid)] = (group, field) => NumberColumn<Guid>.Load(group, field, value => value.ToString(), _ => double.NaN),
    };

    private static string Whole<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}

/// <summary>A text column. Equal values that the file stores once are held once, and none becomes a string before it is asked
/// for.</summary>
internal sealed class TextColumn(ReadOnlyMemory<char>[] values) : ParquetColumn
{
    public override ReadOnlySpan<char> Text(int row) => values[row].Span;

    public override bool TryNumber(int row, out double value)
    {
        value = double.NaN;
        return values[row].IsEmpty || double.TryParse(values[row].Span, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    public static TextColumn Load(ParquetRowGroupReader group, DataField field) => new(Blocking.Wait(() => Read(group, field)));

    private static async Task<ReadOnlyMemory<char>[]> Read(ParquetRowGroupReader group, DataField field)
    {
        ReadOnlyMemory<char>[] values = new ReadOnlyMemory<char>[group.RowCount];
        if (!field.IsNullable)
        {
            await group.ReadRawAsync<ReadOnlyMemory<char>>(field, values.AsMemory(), null, null, CancellationToken.None);
            return values;
        }
        // The values come without the nulls between them; from the last on, each moves to its row.
        int[] levels = new int[values.Length];
        await group.ReadRawAsync<ReadOnlyMemory<char>>(field, values.AsMemory(), levels.AsMemory(), null, CancellationToken.None);
        int next = levels.Count(level => level == field.MaxDefinitionLevel) - 1;
        for (int row = values.Length - 1; row >= 0; row--)
            values[row] = levels[row] == field.MaxDefinitionLevel ? values[next--] : default;
        return values;
    }
}

/// <summary>A column of numbers, read as the type it has in the file.</summary>
internal sealed class NumberColumn<T>(T?[] values, Func<T, string> format, Func<T, double> convert) : ParquetColumn
    where T : struct
{
    public override ReadOnlySpan<char> Text(int row) => values[row] is T value ? format(value) : "";

    public override bool TryNumber(int row, out double value)
    {
        value = values[row] is T present ? convert(present) : double.NaN;
        return true;
    }

    public static NumberColumn<T> Load(ParquetRowGroupReader group, DataField field, Func<T, string> format, Func<T, double> convert)
    {
        T?[] values = new T?[group.RowCount];
        if (field.IsNullable)
        {
            Blocking.Wait(() => group.ReadAsync<T>(field, values.AsMemory()).AsTask());
        }
        else
        {
            T[] present = new T[values.Length];
            Blocking.Wait(() => group.ReadAsync<T>(field, present.AsMemory()).AsTask());
            for (int row = 0; row < present.Length; row++)
                values[row] = present[row];
        }
        return new NumberColumn<T>(values, format, convert);
    }
}
