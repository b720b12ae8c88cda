// Numbers as text: invariant culture, round-trip precision.

using System.Globalization;

namespace DataFreeKD.Manifests;

/// <summary>Formats and parses the numbers of tables.</summary>
internal static class Numbers
{
    /// <summary>The shortest text that parses back to the same single; empty for NaN.</summary>
    public static string Format(float value) => float.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The shortest text that parses back to the same double; empty for NaN.</summary>
    public static string Format(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Parses an invariant number; NaN for an empty field.</summary>
    /// <exception cref="TableException">Not a number; the message names row and column.</exception>
    public static double Parse(string? field, TableRow row, string column)
    {
        if (string.IsNullOrEmpty(field))
            return double.NaN;
        return double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw NotANumber(field, row.Header.Source, row.Number, column);
    }

    internal static bool TryParse(ReadOnlySpan<byte> utf8, out double value) =>
        double.TryParse(utf8, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    internal static TableException NotANumber(string field, string source, long line, string column)
    {
        string shown = field.Length > 40 ? field[..40] + "…" : field;
        string where = source.Length > 0 ? source + ": " : "";
        return new TableException(
            $"{where}line {line}, column '{column}': '{shown}' is not a number; write it like 0.25 or -1.5E-07, or leave it empty"
        );
    }
}
