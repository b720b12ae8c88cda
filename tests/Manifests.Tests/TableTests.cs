// Claims about tables: what is written is read back, and a bad table is refused with its line.

using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class TableTests
{
    private static readonly string[] Columns = ["path", "width", "entropy", "caption"];

    private static readonly string[][] Sample =
    [
        ["a,b.jpg", "32", "0.1", "says \"hi\""],
        ["line\nbreak.jpg", "", "1E-05", ""],
        ["ünïcode 猫.png", "7", "1.5707964", "=SUM(A1)"],
    ];

    [Theory]
    [InlineData("table.csv")]
    [InlineData("table.parquet")]
    public void Rows_come_back_as_they_were_written(string name)
    {
        using var folder = new TempFolder();
        Write(folder[name], Sample);

        using TableReader reader = Table.Open(folder[name]);

        Assert.Equal(Columns, reader.Header.Columns);
        Assert.Equal(Sample, reader.Rows(TestContext.Current.CancellationToken).Select(row => row.Fields).ToArray());
    }

    [Theory]
    [InlineData("table.csv")]
    [InlineData("table.parquet")]
    public void Without_commit_nothing_appears(string name)
    {
        using var folder = new TempFolder();
        using (TableWriter writer = Table.Create(folder[name], Columns)) writer.Write(Sample[0]);

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_short_row_is_refused_with_its_line()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["t.csv"], "a,b\n1,2\n3\n");
        using TableReader reader = Table.Open(folder["t.csv"]);

        var error = Assert.Throws<TableException>(() => reader.Rows(TestContext.Current.CancellationToken).ToList());

        Assert.Contains("line 3: 1 fields where the header has 2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a,a\n1,2\n")]
    public void An_empty_table_or_a_doubled_column_is_refused(string text)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["t.csv"], text);

        Assert.Throws<TableException>(() => Table.Open(folder["t.csv"]));
    }

    [Fact]
    public void A_missing_table_is_named()
    {
        Assert.Contains("nowhere.csv", Assert.Throws<TableException>(() => Table.Open("nowhere.csv")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_named_parquet_is_refused()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["t.parquet"], "a,b\n1,2\n");

        Assert.Contains("not a Parquet file", Assert.Throws<TableException>(() => Table.Open(folder["t.parquet"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_does_not_join_the_first_column()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["t.csv"], [0xEF, 0xBB, 0xBF, .. "path,b\r\nx,2\r\n"u8]);
        using TableReader reader = Table.Open(folder["t.csv"]);

        Assert.Equal("x", reader.Rows(TestContext.Current.CancellationToken).Single()["path"]);
    }

    private static void Write(string path, string[][] rows)
    {
        using TableWriter writer = Table.Create(path, Columns);
        foreach (string[] row in rows) writer.Write(row);
        writer.Commit();
    }
}
