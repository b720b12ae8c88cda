// DuckDB, which shares no line of code with the selector, over the same table.

using System.Data;
using System.Globalization;
using DuckDB.NET.Data;

namespace DataFreeKD.Selector.Tests;

/// <summary>What a query finds in a scores table. <c>usable</c> are the rows that a method of <c>entropy</c> can rank, with <c>nr</c>
/// (their place in the table), <c>score</c>, <c>sha256</c> and <c>prediction</c>.</summary>
internal static class Judge
{
    // All columns as text, as the tables have them; an empty field is null either way.
    private static string Usable(string table, string columns) =>
        $"""
            pool AS (SELECT *, row_number() OVER () - 1 AS nr FROM {(
                table.EndsWith(".csv", StringComparison.Ordinal)
                    ? $"read_csv('{table}', header = true, all_varchar = true)"
                    : $"read_parquet('{table}')"
            )}),
            usable AS (SELECT nr, sha256, CAST(prediction AS BIGINT) AS prediction, -CAST(entropy AS DOUBLE) AS score{columns} FROM pool WHERE status = 'ok' AND entropy IS NOT NULL)
            """;

    /// <summary>The numbers of the rows that a query of <c>usable</c> gives as <c>nr</c>, in its order.</summary>
    public static int[] Rows(string table, string query) => [.. Read(table, "", query).Select(row => (int)row[0])];

    /// <summary>The columns of a query, as numbers.</summary>
    /// <param name="table">The scores.</param>
    /// <param name="columns">More columns for <c>usable</c>, with a comma first.</param>
    /// <param name="query">What follows the common table expressions, itself one or a SELECT.</param>
    public static IReadOnlyList<double[]> Read(string table, string columns, string query)
    {
        using DuckDBConnection connection = new("Data Source=:memory:;threads=1");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = $"WITH RECURSIVE {Usable(table, columns)}{query}";
        using IDataReader reader = command.ExecuteReader();
        List<double[]> rows = [];
        while (reader.Read())
        {
            double[] row = new double[reader.FieldCount];
            for (int at = 0; at < row.Length; at++)
                row[at] = Convert.ToDouble(reader.GetValue(at), CultureInfo.InvariantCulture);
            rows.Add(row);
        }
        return rows;
    }
}
