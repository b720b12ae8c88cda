// Numbers as text: invariant culture, round-trip precision.

using System.Globalization;

namespace DataFreeKD.Manifests;

/// <summary>Formats and parses the numbers of tables.</summary>
public static class Numbers
{
    /// <summary>The shortest text that parses back to the same single; empty for NaN.</summary>
    public static string Format(float value) => float.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The shortest text that parses back to the same double; empty for NaN.</summary>
    public static string Format(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Parses an invariant number; NaN for an empty field.</summary>
    /// <exception cref="TableException">Not a number; the message names row and column.</exception>
    public static double Parse(string? field, TableRow row, string column)
    {
        if (string.IsNullOrEmpty(field)) return double.NaN;
        if (double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)) return value;
        throw new TableException($"row {row.Number}, column '{column}': '{field}' is not a number; write numbers with a point, or leave the field empty");
    }
}
