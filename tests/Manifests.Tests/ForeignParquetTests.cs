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

    [Theory]
    [InlineData("snappy")]
    [InlineData("zstd")]
    [InlineData("gzip")]
    [InlineData("brotli")]
    [InlineData("lz4_raw")]
    [InlineData("uncompressed")]
    public void The_encodings_of_version_2_are_read_with_every_codec(string codec)
    {
        string path = folder["v2.parquet"];
        Run(
            $"""
            COPY (
                SELECT 'images/' || i || '.jpg' AS path, i * 1000003 AS whole, (i % 100)::TINYINT AS small, i / 3.0::DOUBLE AS real, (i / 8)::FLOAT AS half,
                    CASE WHEN i % 5 = 0 THEN NULL ELSE 'kind ' || (i % 3) END AS kind, (i % 2 = 0) AS flag, (i / 100)::DECIMAL(12, 2) AS price,
                    TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (i) SECOND AS at, ['t' || i, NULL] AS tags
                FROM range(3000) r(i)
            ) TO '{path}' (FORMAT parquet, PARQUET_VERSION V2, COMPRESSION '{codec}', ROW_GROUP_SIZE 2048);
            """
        );
        using TableReader table = Table.Open(path);
        int row = 0;
        foreach (TableRow read in table.Rows(TestContext.Current.CancellationToken))
        {
            Assert.Equal($"images/{row}.jpg", read["path"]);
            Assert.Equal((row * 1000003L).ToString(CultureInfo.InvariantCulture), read["whole"]);
            Assert.Equal((row % 100).ToString(CultureInfo.InvariantCulture), read["small"]);
            Assert.Equal(row / 3.0, double.Parse(read["real"]!, CultureInfo.InvariantCulture));
            Assert.Equal(row / 8f, float.Parse(read["half"]!, CultureInfo.InvariantCulture));
            Assert.Equal(row % 5 == 0 ? "" : $"kind {row % 3}", read["kind"]);
            Assert.Equal(row % 2 == 0 ? "true" : "false", read["flag"]);
            // The library has neither decimals nor times in these encodings: they are left empty with a note, and the rest is read.
            Assert.Equal(("", ""), (read["price"], read["at"]));
            Assert.Equal($"[\"t{row}\",null]", read["tags"]);
            row++;
        }
        Assert.Equal(3000, row);
    }

    [Fact]
    public void Columns_asked_for_now_and_then_are_those_of_their_row()
    {
        using TableReader table = Table.Open(Write("snappy", 2048));
        for (int row = 0; row < Rows; row++)
        {
            Assert.True(table.Read());
            if (row / 2048 % 3 != 1)
                Assert.Equal(row / 8f, table.Number(3));
            if (row / 2048 % 4 == 0 && row % 100 == 0)
                Assert.True(table.Utf8(0).SequenceEqual(System.Text.Encoding.UTF8.GetBytes($"images/{row}.jpg")));
        }
    }

    [Fact]
    public void A_table_left_in_the_middle_closes_its_file()
    {
        string path = Write("snappy", 2048);
        using (TableReader table = Table.Open(path))
        {
            for (int row = 0; row < 3000; row++)
                Assert.True(table.Read() && table.Number(3) >= 0);
        }
        using FileStream alone = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(alone.Length > 0);
    }

    [Fact]
    public void Nested_values_are_carried_as_JSON_times_as_text_and_bytes_are_left_out_with_a_note()
    {
        string path = folder["nested.parquet"];
        Run(
            $$"""
            COPY (
                SELECT 'a.jpg' AS path, ['x', NULL, 'z'] AS tags, {'w': 1, 'h': NULL} AS size, [[1, 2], []] AS grid, MAP {'k': 2} AS counts, [{'n': 1, 'who': ['p']}] AS boxes,
                    TIMESTAMP '2020-01-02 03:04:05' AS at, DATE '2021-02-03' AS day, CAST(1.50 AS DECIMAL(9, 2)) AS price, '\x01\x02'::BLOB AS blob
                UNION ALL SELECT 'b.jpg', [], NULL, NULL, MAP {}, NULL, NULL, NULL, NULL, NULL
                UNION ALL SELECT 'c.jpg', NULL, {'w': 3, 'h': 4}, [[], NULL, [5]], NULL, [], NULL, NULL, NULL, NULL
            ) TO '{{path}}' (FORMAT parquet);
            """
        );
        List<string> notes = [];
        void Hear(string note) => notes.Add(note);
        TableNotes.Noted += Hear;
        using TableReader table = Table.Open(path);
        TableNotes.Noted -= Hear;
        Assert.Equal(["path", "tags", "size", "grid", "counts", "boxes", "at", "day", "price"], table.Header.Columns);
        Assert.Single(notes, note => note.Contains(path, StringComparison.Ordinal) && note.Contains("blob", StringComparison.Ordinal));
        Assert.Equal(
            [
                [
                    "a.jpg",
                    "[\"x\",null,\"z\"]",
                    "{\"w\":1,\"h\":null}",
                    "[[1,2],[]]",
                    "{\"k\":2}",
                    "[{\"n\":1,\"who\":[\"p\"]}]",
                    "2020-01-02T03:04:05",
                    "2021-02-03",
                    "1.50",
                ],
                ["b.jpg", "[]", "", "", "{}", "", "", "", ""],
                ["c.jpg", "", "{\"w\":3,\"h\":4}", "[[],null,[5]]", "", "[]", "", "", ""],
            ],
            table
                .Rows(TestContext.Current.CancellationToken)
                .Select(row =>
                    row.Fields.Select(
                        (field, at) => at is 6 or 7 && field.Length > 0 ? field[..Math.Min(field.Length, at == 6 ? 19 : 10)] : field
                    )
                )
        );
    }

    [Fact]
    public void Paths_that_were_written_as_bytes_are_paths()
    {
        string path = folder["bytes.parquet"];
        Run($"COPY (SELECT encode('ä.jpg') AS path, encode('x') AS other UNION ALL SELECT NULL, NULL) TO '{path}' (FORMAT parquet);");
        using TableReader table = Table.Open(path);
        Assert.Equal(["path"], table.Header.Columns);
        Assert.Equal(["ä.jpg", ""], table.Rows(TestContext.Current.CancellationToken).Select(row => row["path"]));
    }

    [Fact]
    public void Images_within_a_file_are_given_with_the_rest_of_their_rows()
    {
        string path = folder["hf.parquet"];
        Run(
            $$"""
            COPY (SELECT {'bytes': '\x01\x02'::BLOB, 'path': 'a.png'} AS image, 3 AS label UNION ALL SELECT {'bytes': NULL, 'path': 'b.png'}, 4 UNION ALL SELECT NULL, 5) TO '{{path}}' (FORMAT parquet);
            """
        );
        Assert.True(ParquetImages.Fits(path));
        List<EmbeddedImage> images = [.. ParquetImages.Read(path, TestContext.Current.CancellationToken)];
        Assert.Equal(["0102", "", ""], images.Select(image => Convert.ToHexString(image.Bytes ?? [])));
        Assert.Equal(["3", "4", "5"], images.Select(image => image.Row["label"]));
        Assert.False(ParquetImages.Fits(Write("snappy", 2048)));
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
            while (table.Read())
                _ = table.Text(0) + table.Text(1) + table.Text(4);
        });
        Assert.StartsWith(path, problem.Message, StringComparison.Ordinal);
    }

    private string Write(string codec, int rowsInGroup)
    {
        string path = folder[$"{codec}.parquet"];
        Run(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                COPY (
                    SELECT 'images/' || i || '.jpg' AS path, CASE WHEN i % 7 <> 0 THEN 'kind ' || (i % 5) || ' é' END AS kind, CASE WHEN i % 11 <> 0 THEN CAST(i - 20000 AS INTEGER) END AS whole,
                        CAST(i / 8 AS FLOAT) AS half, CASE WHEN i % 13 <> 0 THEN CAST(i AS DOUBLE) / 3 END AS real, i % 2 = 1 AS flag
                    FROM range({Rows}) numbers(i)
                ) TO '{path}' (FORMAT parquet, COMPRESSION {codec}, ROW_GROUP_SIZE {rowsInGroup});
                """
            )
        );
        return path;
    }

    private static void Run(string sql)
    {
        using DuckDBConnection engine = new("Data Source=:memory:");
        engine.Open();
        using DuckDBCommand command = engine.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
