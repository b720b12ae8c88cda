// Tables: what is written is what is read, in both formats, and broken input is named by line.

using System.Globalization;
using System.Text;
using CsCheck;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class TableTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Any_text_survives_a_csv_round_trip() => AnyTextSurvives("any.csv");

    [Fact]
    public void Any_text_survives_a_parquet_round_trip() => AnyTextSurvives("any.parquet");

    [Theory]
    [InlineData("t.csv", true)]
    [InlineData("T.PARQUET", true)]
    [InlineData("t.txt", true)]
    [InlineData("t.jsonl", true)]
    [InlineData("t.jpg", false)]
    [InlineData("csv", false)]
    public void A_file_is_a_table_by_its_extension_where_there_is_one(string name, bool table)
    {
        Assert.False(Table.Fits(folder[name]));
        File.WriteAllText(folder[name], "");
        Assert.Equal(table, Table.Fits(folder[name]));
    }

    [Fact]
    public void A_folder_named_as_a_table_is_none()
    {
        Directory.CreateDirectory(folder["t.csv"]);
        Assert.False(Table.Fits(folder["t.csv"]));
    }

    [Theory]
    [InlineData("path,status", "a.png,ok", true)]
    [InlineData("path,status", "a.png,", true)]
    [InlineData("path", "a.png", true)]
    [InlineData("path,status", "a.png,failed", false)]
    [InlineData("path,status", ",ok", false)]
    [InlineData("name,status", "a.png,ok", false)]
    public void A_row_is_usable_where_it_names_an_image_that_no_stage_has_refused(string header, string fields, bool usable) =>
        Assert.Equal(usable, new TableRow(new TableHeader(header.Split(',')), fields.Split(','), 1).IsUsable);

    private void AnyTextSurvives(string name)
    {
        Gen<string> text = Gen.OneOf(
            Gen.String[Gen.Char['\u0001', '\u017f'], 0, 12],
            Gen.OneOf("", "a,b", "\"", "\"\"x", "line\nbreak", "cr\r\nlf", " padded ", "日本語", "🙂", "'=1+1", "NULL")
        );
        text.Array[3]
            .Array[1, 30]
            .Sample(
                rows =>
                {
                    Write(folder[name], ["a", "b,\"c\"", "d"], rows);
                    Assert.Equal(rows, Read(folder[name]));
                },
                iter: 60,
                threads: 1
            );
    }

    [Theory]
    [InlineData("t.csv")]
    [InlineData("t.parquet")]
    public void Numbers_of_the_contract_keep_their_text(string name)
    {
        string[] columns = ["path", "width", "entropy", "probe_variance_3", "selection_score"];
        string[][] rows =
        [
            ["a.jpg", "500", Numbers.Format(0.1f), Numbers.Format(float.Epsilon), Numbers.Format(Math.PI)],
            ["b.jpg", "", "", Numbers.Format(1e-7f), Numbers.Format(-1e300)],
        ];
        Write(folder[name], columns, rows);
        Assert.Equal(rows, Read(folder[name]));
    }

    [Theory]
    [InlineData("t.csv")]
    [InlineData("t.parquet")]
    public void The_cursor_reads_numbers_and_empty_fields_as_nan(string name)
    {
        Write(
            folder[name],
            ["path", "entropy"],
            [
                ["a", "0.25"],
                ["b", ""],
            ]
        );
        using TableReader table = Table.Open(folder[name]);
        Assert.True(table.Read());
        Assert.Equal(0.25, table.Number(1));
        Assert.True(table.Is(0, "a"));
        Assert.False(table.Is(0, "aa"));
        Assert.True(table.Read());
        Assert.True(double.IsNaN(table.Number(1)));
        Assert.False(table.Read());
    }

    [Fact]
    public void A_parquet_table_spans_row_groups_in_order()
    {
        string path = folder["long.parquet"];
        using (TableWriter writer = Table.Create(path, ["path", "rank"]))
        {
            for (int row = 0; row < 150_000; row++)
                writer.Write([$"{row}.jpg", row.ToString(CultureInfo.InvariantCulture)]);
            writer.Commit();
        }
        using TableReader table = Table.Open(path);
        long expected = 0;
        while (table.Read())
        {
            Assert.Equal(expected, table.Number(1));
            expected++;
            Assert.Equal(expected, table.Line);
        }
        Assert.Equal(150_000, expected);
    }

    [Theory]
    [InlineData("path,entropy\r\na,1\r\nb,2,3\r\n", "line 3")]
    [InlineData("path,entropy\na,1\nb\n", "line 3")]
    [InlineData("path,entropy\n\"two\nlines\",1\n\"never closed,2\n", "line 4")]
    [InlineData("path,path\na,1\n", "'path' is there twice")]
    [InlineData("", "is empty")]
    public void A_broken_csv_is_refused_by_file_and_line(string text, string where)
    {
        string path = folder["broken.csv"];
        File.WriteAllText(path, text);
        TableException problem = Assert.Throws<TableException>(() => Read(path));
        Assert.Contains(path, problem.Message, StringComparison.Ordinal);
        Assert.Contains(where, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem.Message);
    }

    [Fact]
    public void Text_that_is_not_utf8_is_read_as_latin_1_and_that_is_told()
    {
        string path = folder["latin1.csv"];
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes("path,caption\na,plain\nb,café\n"));
        List<string> notes = [];
        void Hear(string note) => notes.Add(note);
        TableNotes.Noted += Hear;
        string[][] rows = Read(path);
        TableNotes.Noted -= Hear;
        Assert.Equal(
            [
                ["a", "plain"],
                ["b", "café"],
            ],
            rows
        );
        Assert.Contains(notes, note =>
            note.StartsWith(path, StringComparison.Ordinal) && note.Contains("Latin-1", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("t.csv", "path,,x\na,1,2\n", "path column_2 x", "a 1 2")]
    [InlineData("t.csv", " path ,x\na,1\n", "path x", "a 1")]
    [InlineData("t.csv", "path;x\na,b;1\n", "path x", "a,b 1")]
    [InlineData("t.csv", "path|x\na|1\n", "path x", "a 1")]
    [InlineData("t.csv", "path\tx\na\t1\n", "path x", "a 1")]
    [InlineData("t.tsv", "path\tx\na\t\"1\n", "path x", "a \"1")]
    [InlineData("t.csv", "path,x\nab\"c,1\n", "path x", "ab\"c 1")]
    [InlineData("t.csv", "path,x\na,1\nb,\"2 \\\"x\\\", 3\"\nc,4\n", "path x", "a 1 b 2 \"x\", 3 c 4")]
    [InlineData("t.json", "[{\"path\": \"a\", \"x\": 1}, {\"x\": null, \"path\": \"b\"}]", "path x", "a 1 b ")]
    [InlineData("t.jsonl", "{\"path\": \"a\"}\n{\"path\": \"b\", \"x\": [1]}\n", "path x", "a  b [1]")]
    [InlineData("t.txt", "# files\na\nb\n", "path", "a b")]
    public void A_table_of_another_tool_is_read_as_it_is_meant(string name, string text, string columns, string fields)
    {
        File.WriteAllText(folder[name], text);
        using TableReader table = Table.Open(folder[name]);
        Assert.Equal(columns, string.Join(' ', table.Header.Columns));
        Assert.Equal(fields, string.Join(' ', table.Rows(TestContext.Current.CancellationToken).SelectMany(row => row.Fields)));
    }

    [Theory]
    [InlineData("Path,x", null, 0)]
    [InlineData("x,FILE_NAME", null, 1)]
    [InlineData("image_path,path", null, 1)]
    [InlineData("path,where", "Where", 1)]
    [InlineData("path,x", "gone", -1)]
    [InlineData("x,y", null, -1)]
    public void The_column_of_paths_is_found_by_its_name_then_by_what_others_call_it(string header, string? named, int at) =>
        Assert.Equal(at, new TableHeader(header.Split(','), "", named).IndexOf("path"));

    [Theory]
    [InlineData("sub\\a.png", "sub/a.png")]
    [InlineData("file:///x/a%20b.png", "/x/a b.png")]
    public void Paths_of_other_systems_and_file_addresses_are_paths(string field, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "backslashes are separators there");
        Assert.Equal(Path.GetFullPath(expected, folder.Path), ManifestPath.FromTable(field, folder["t.csv"]));
    }

    [Fact]
    public void A_pipe_under_a_tables_name_is_refused_and_not_waited_for()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no pipes in folders on Windows");
        using (System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", [folder["t.csv"]]))
            made.WaitForExit();
        Assert.False(Table.Fits(folder["t.csv"]));
        Assert.Contains(
            "no regular file",
            Assert.Throws<TableException>(() => Table.Open(folder["t.csv"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_byte_order_mark_and_either_line_ending_are_read()
    {
        string path = folder["bom.csv"];
        File.WriteAllText(path, "path,x\r\na,1\nb,2", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        using TableReader table = Table.Open(path);
        Assert.Equal(["path", "x"], table.Header.Columns);
        Assert.Equal(["a", "b"], table.Rows(TestContext.Current.CancellationToken).Select(row => row["path"]));
    }

    [Fact]
    public void A_csv_ends_its_lines_as_rfc_4180_says()
    {
        Write(
            folder["t.csv"],
            ["a", "b"],
            [
                ["1", "x,y"],
            ]
        );
        Assert.Equal("a,b\r\n1,\"x,y\"\r\n", File.ReadAllText(folder["t.csv"]));
    }

    [Fact]
    public void A_field_that_is_no_number_is_named_by_line_and_column()
    {
        string path = folder["t.csv"];
        File.WriteAllText(path, "path,entropy\na,1\nb,high\n");
        using TableReader table = Table.Open(path);
        Assert.True(table.Read() && table.Read());
        TableException problem = Assert.Throws<TableException>(() => table.Number(1));
        Assert.Contains("line 3, column 'entropy': 'high' is not a number", problem.Message, StringComparison.Ordinal);
        Assert.Equal(problem.Message, Assert.Throws<TableException>(() => Numbers.Parse("high", table.Row(), "entropy")).Message);
    }

    [Theory]
    [InlineData("garbage.parquet")]
    [InlineData("table.xlsx")]
    [InlineData("missing.csv")]
    public void What_is_no_table_is_refused_by_name(string name)
    {
        if (name == "garbage.parquet")
            File.WriteAllText(folder[name], "PAR1 but nothing that follows is a table");
        TableException problem = Assert.Throws<TableException>(() => Table.Open(folder[name]));
        Assert.StartsWith(folder[name], problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t.csv")]
    [InlineData("t.parquet")]
    public void Without_a_commit_the_old_table_stays_and_nothing_else_is_left(string name)
    {
        Write(
            folder[name],
            ["a"],
            [
                ["old"],
            ]
        );
        using (TableWriter writer = Table.Create(folder[name], ["a"]))
            writer.Write(["new"]);
        Assert.Equal(
            [
                ["old"],
            ],
            Read(folder[name])
        );
        Assert.Equal([folder[name]], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_row_of_the_wrong_width_is_refused()
    {
        using TableWriter writer = Table.Create(folder["t.csv"], ["a", "b"]);
        Assert.Throws<ArgumentException>(() => writer.Write(["1"]));
    }

    private static void Write(string path, string[] columns, IEnumerable<string[]> rows)
    {
        using TableWriter writer = Table.Create(path, columns);
        foreach (string[] row in rows)
            writer.Write(row);
        writer.Commit();
    }

    private static string[][] Read(string path)
    {
        using TableReader table = Table.Open(path);
        return [.. table.Rows().Select(row => row.Fields)];
    }
}
