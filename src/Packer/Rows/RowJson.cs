// A row's columns as JSON: the contract's numbers as numbers, the rest as text.

using System.Globalization;
using System.Text.Json.Nodes;
using DataFreeKD.Manifests;

namespace DataFreeKD.Packer.Rows;

/// <summary>Turns fields into JSON values.</summary>
internal static class RowJson
{
    /// <summary>The row as an object, in the table's order of columns; empty fields are left out.</summary>
    /// <param name="row">The row.</param>
    /// <param name="wanted">Which columns.</param>
    public static JsonObject Of(TableRow row, Func<string, bool> wanted)
    {
        JsonObject all = [];
        foreach (string column in row.Header.Columns)
        {
            if (wanted(column) && row[column] is { Length: > 0 } field)
                all[column] = Value(row, column, field);
        }
        return all;
    }

    private static JsonNode? Value(TableRow row, string column, string field)
    {
        Type type = Columns.TypeOf(column);
        if (type == typeof(string))
            return JsonValue.Create(field);
        if (type == typeof(long) && long.TryParse(field, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
            return JsonValue.Create(whole);
        // JSON knows no infinity.
        double number = Numbers.Parse(field, row, column);
        return double.IsFinite(number) ? JsonValue.Create(number) : null;
    }
}
