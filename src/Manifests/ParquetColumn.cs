// One decoded Parquet column chunk, whose values can be had as text or as numbers.

using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>The values of one column in one row group.</summary>
internal abstract class ParquetColumn
{
    /// <summary>The value as text; empty for null.</summary>
    public abstract string Text(int row);

    /// <summary>The value as a number, NaN for null or empty; false where the text is no number.</summary>
    public abstract bool TryNumber(int row, out double value);

    public static bool Supports(Type type) => IsText(type) || Numeric.ContainsKey(type);

    public static ParquetColumn Load(ParquetRowGroupReader group, DataField field) => IsText(field.ClrType) ? TextColumn.Load(group, field) : Numeric[field.ClrType](group, field);

    // The library gives a text column that it reads back the second type.
    private static bool IsText(Type type) => type == typeof(string) || type == typeof(ReadOnlyMemory<char>);

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
    };

    private static string Whole<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}

/// <summary>A text column.</summary>
internal sealed class TextColumn(string?[] values) : ParquetColumn
{
    public override string Text(int row) => values[row] ?? "";

    public override bool TryNumber(int row, out double value)
    {
        value = double.NaN;
        return string.IsNullOrEmpty(values[row]) || double.TryParse(values[row], NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    public static new TextColumn Load(ParquetRowGroupReader group, DataField field)
    {
        string?[] values = new string?[group.RowCount];
        group.ReadAsync(field, values.AsMemory()!).AsTask().GetAwaiter().GetResult();
        return new TextColumn(values);
    }
}

/// <summary>A column of numbers, read as the type it has in the file.</summary>
internal sealed class NumberColumn<T>(T?[] values, Func<T, string> format, Func<T, double> convert) : ParquetColumn where T : struct
{
    public override string Text(int row) => values[row] is T value ? format(value) : "";

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
            group.ReadAsync<T>(field, values.AsMemory()).AsTask().GetAwaiter().GetResult();
        }
        else
        {
            T[] present = new T[values.Length];
            group.ReadAsync<T>(field, present.AsMemory()).AsTask().GetAwaiter().GetResult();
            for (int row = 0; row < present.Length; row++) values[row] = present[row];
        }
        return new NumberColumn<T>(values, format, convert);
    }
}
