// Parquet that another engine wrote: its types, nulls, codecs and row groups, read as it says.

using System.Globalization;
using DataFreeKD.Testing;
using DuckDB.NET.Data;

namespace DataFreeKD.Manifests.Tests;

public sealed class ForeignParquetTests : IDisposable
{
    private const int Rows = 40_000;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("snappy", 2048)]
    [InlineData("zstd", 10_000)]
    [InlineData("gzip", 122_880)]
    [InlineData("uncompressed", 4096)]
    public void Every_type_and_null_is_what_was_written(string codec, int rowsInGroup)
    {
        using TableReader table = Table.Open(Write(codec, rowsInGroup));
        Assert.Equal(["path", "kind", "whole", "half", "real", "flag"], table.Header.Columns);
        for (int row = 0; row < Rows; row++)
        {
            Assert.True(table.Read());
            Assert.Equal($"images/{row}.jpg", table.Text(0));
            Assert.Equal(row % 7 == 0 ? "" : $"kind {row % 5} é", table.Text(1));
            Assert.True(table.Is(1, row % 7 == 0 ? "" : $"kind {row % 5} é"));
            Assert.Equal(row % 11 == 0 ? "" : (row - 20_000).ToString(CultureInfo.InvariantCulture), table.Text(2));
            Assert.Equal(row / 8f, table.Number(3));
            Assert.Equal(row % 13 == 0 ? double.NaN : row / 3.0, table.Number(4));
            Assert.Equal(row % 2, table.Number(5));
        }
        Assert.False(table.Read());
    }

    [Fact]
    public void Columns_asked_for_now_and_then_are_those_of_their_row()
    {
        using TableReader table = Table.Open(Write("snappy", 2048));
        for (int row = 0; row < Rows; row++)
        {
            Assert.True(table.Read());
            if (row / 2048 % 3 != 1) Assert.Equal(row / 8f, table.Number(3));
            if (row / 2048 % 4 == 0 && row % 100 == 0) Assert.True(table.Utf8(0).SequenceEqual(System.Text.Encoding.UTF8.GetBytes($"images/{row}.jpg")));
        }
    }

    [Fact]
    public void A_table_left_in_the_middle_closes_its_file()
    {
        string path = Write("snappy", 2048);
        using (TableReader table = Table.Open(path))
        {
            for (int row = 0; row < 3000; row++) Assert.True(table.Read() && table.Number(3) >= 0);
        }
        using FileStream alone = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(alone.Length > 0);
    }

    [Fact]
    public void Damage_in_a_later_row_group_is_told_with_the_files_name()
    {
        string path = Write("snappy", 2048);
        using (FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Position = file.Length / 3;
            file.Write(Enumerable.Repeat((byte)0xFF, (int)file.Length / 3).ToArray());
        }
        using TableReader table = Table.Open(path);
        TableException problem = Assert.Throws<TableException>(() =>
        {
            while (table.Read()) _ = table.Text(0) + table.Text(1) + table.Text(4);
        });
        Assert.StartsWith(path, problem.Message, StringComparison.Ordinal);
    }

    private string Write(string codec, int rowsInGroup)
    {
        string path = folder[$"{codec}.parquet"];
        using DuckDBConnection engine = new("Data Source=:memory:");
        engine.Open();
        using DuckDBCommand command = engine.CreateCommand();
        command.CommandText = string.Create(CultureInfo.InvariantCulture, $"""
            COPY (
                SELECT 'images/' || i || '.jpg' AS path, CASE WHEN i % 7 <> 0 THEN 'kind ' || (i % 5) || ' é' END AS kind, CASE WHEN i % 11 <> 0 THEN CAST(i - 20000 AS INTEGER) END AS whole,
                    CAST(i / 8 AS FLOAT) AS half, CASE WHEN i % 13 <> 0 THEN CAST(i AS DOUBLE) / 3 END AS real, i % 2 = 1 AS flag
                FROM range({Rows}) numbers(i)
            ) TO '{path}' (FORMAT parquet, COMPRESSION {codec}, ROW_GROUP_SIZE {rowsInGroup});
            """);
        command.ExecuteNonQuery();
        return path;
    }
}
