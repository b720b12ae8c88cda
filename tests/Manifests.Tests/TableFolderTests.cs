// A table in parts reads as one table, and what is not its own is told.

using System.Diagnostics;
using DataFreeKD.Manifests.Folders;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class TableFolderTests : IDisposable
{
    private static readonly string[] Names = ["path", "entropy"];

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rows_come_in_the_order_of_the_parts_and_are_counted_over_all(bool parquet)
    {
        Write(parquet, ["a,0.1", "\"b,c\",0.25"], [], ["d,"]);

        using TableReader table = Table.Open(folder["t.table"]);
        Assert.Equal(Names, table.Header.Columns);
        Assert.Equal(
            [("a", 0.1, 1L), ("b,c", 0.25, 2L), ("d", double.NaN, 3L)],
            Cursor(table).Select(row => (row.Path, row.Number, row.Line))
        );
    }

    [Fact]
    public void Paths_are_relative_to_the_folder_around_it_with_a_slash_at_the_end_too()
    {
        Write(parquet: false, ["images/a.png,1"]);
        foreach (string name in (string[])[folder["t.table"], folder["t.table"] + "/"])
        {
            using TableReader table = Table.Open(name);
            Assert.Equal([folder["images/a.png"]], table.UsablePaths(TestContext.Current.CancellationToken));
            Assert.Equal(folder["t.json"], Provenance.PathBeside(name));
            Assert.Equal(folder["t.embeddings.npy"], ManifestPath.EmbeddingsBeside(name));
        }
    }

    [Theory]
    [InlineData("altered", "cut short or altered")]
    [InlineData("gone", "is gone")]
    [InlineData("index", "is not the index")]
    [InlineData("outside", "no name of one")]
    [InlineData("rows", "the index says 7")]
    [InlineData("sum", "has 9 rows, and its parts others")]
    [InlineData("twice", "names a part twice")]
    public void What_is_not_as_the_index_says_is_refused_by_name(string damage, string expected)
    {
        Write(parquet: false, ["a,1"], ["b,2"]);
        string part = folder["t.table/00000001.csv"],
            index = folder["t.table/index.json"];
        switch (damage)
        {
            case "altered":
                File.WriteAllText(part, File.ReadAllText(part).Replace('2', '3'));
                break;
            case "gone":
                File.Delete(part);
                break;
            case "index":
                File.WriteAllText(index, File.ReadAllText(index)[..^30]);
                break;
            case "outside":
                File.WriteAllText(index, File.ReadAllText(index).Replace("00000001.csv", "../00000001.csv", StringComparison.Ordinal));
                break;
            case "rows":
                File.WriteAllText(
                    index,
                    File.ReadAllText(index)
                        .Replace("\"rows\": 1", "\"rows\": 7", StringComparison.Ordinal)
                        .Replace("\"rows\": 2", "\"rows\": 14", StringComparison.Ordinal)
                );
                break;
            case "sum":
                File.WriteAllText(index, File.ReadAllText(index).Replace("\"rows\": 2", "\"rows\": 9", StringComparison.Ordinal));
                break;
            case "twice":
                File.WriteAllText(index, File.ReadAllText(index).Replace("00000001.csv", "00000000.csv", StringComparison.Ordinal));
                break;
        }

        TableException refused = Assert.Throws<TableException>(() =>
        {
            using TableReader table = Table.Open(folder["t.table"]);
            Cursor(table);
        });
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_in_the_place_of_an_index_is_not_opened()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs mkfifo");
        Directory.CreateDirectory(folder["pipe.table"]);
        using Process made = System.Diagnostics.Process.Start("mkfifo", [folder["pipe.table/index.json"]]);
        made.WaitForExit();
        Assert.False(TableFolder.Fits(folder["pipe.table"]));
    }

    [Fact]
    public void A_folder_with_an_index_of_somebody_elses_is_no_table_and_is_not_replaced()
    {
        Directory.CreateDirectory(folder["mine.table"]);
        File.WriteAllText(folder["mine.table/index.json"], "{\"kind\": \"something else\"}");

        Assert.False(Table.Fits(folder["mine.table"]));
        Assert.Contains(
            "index.json",
            Assert.Throws<TableException>(() => TableFolder.RefuseForeign(folder["mine.table"])).Message,
            StringComparison.Ordinal
        );
        Write(parquet: false, ["a,1"]);
        File.WriteAllText(folder["t.table/thesis.txt"], "mine");
        Assert.Throws<TableException>(() => Write(parquet: false, ["a,2"]));
        Assert.Equal("mine", File.ReadAllText(folder["t.table/thesis.txt"]));
    }

    [Fact]
    public void Its_hash_stands_for_its_parts()
    {
        Write(parquet: false, ["a,1"], ["b,2"]);
        string before = Provenance.HashFile(folder["t.table"], TestContext.Current.CancellationToken);
        Write(parquet: false, ["a,1"], ["b,3"]);
        Assert.NotEqual(before, Provenance.HashFile(folder["t.table"], TestContext.Current.CancellationToken));
        Write(parquet: false, ["a,1"], ["b,2"]);
        Assert.Equal(before, Provenance.HashFile(folder["t.table"], TestContext.Current.CancellationToken));
    }

    private void Write(bool parquet, params string[][] parts)
    {
        List<string> files = [];
        foreach (string[] rows in parts)
        {
            string file = folder[$"{files.Count}-{Guid.NewGuid():N}.part"];
            File.WriteAllText(file, string.Concat(rows.Prepend("path,entropy").Select(row => row + "\r\n")));
            files.Add(file);
        }
        TableFolder.Write(folder["t.table"], Names, files, parquet, TestContext.Current.CancellationToken);
    }

    private static List<(string Path, double Number, long Line)> Cursor(TableReader table)
    {
        List<(string, double, long)> rows = [];
        while (table.Read())
            rows.Add((table.Text(0), table.Number(1), table.Line));
        return rows;
    }
}
