// Lists and tables: addresses that can be fetched, paths that lead to the same images.

using DataFreeKD.Manifests;

namespace DataFreeKD.Packer.Tests;

public sealed class ListTests : IDisposable
{
    private readonly PackWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void Cells_that_a_spreadsheet_would_run_are_marked_where_asked_and_kept_where_not()
    {
        world.Add("images/a.jpg");
        string table = world["cells.csv"];
        string[] cells = ["=1+1", "+1", "+x", "-0.5", "-x", "@SUM(A1)", "\tx", "\rx", "fine"];
        using (TableWriter writer = Table.Create(table, ["path", "status", .. cells.Select((_, at) => $"c{at}")]))
        {
            writer.Write([ManifestPath.ToTable(world["run/images/a.jpg"], table), "ok", .. cells]);
            writer.Commit();
        }
        foreach (bool safe in (bool[])[false, true])
        {
            PackOptions options = world.Options(PackFormat.Csv) with
            {
                Selection = table,
                Output = world[$"safe-{safe}.csv"],
                CsvSafe = safe,
            };
            PackWorld.Pack(options);
            using TableReader read = Table.Open(options.Output);
            TableRow row = read.Rows(TestContext.Current.CancellationToken).Single();
            string[] expected = safe ? ["'=1+1", "+1", "'+x", "-0.5", "'-x", "'@SUM(A1)", "'\tx", "'\rx", "fine"] : cells;
            Assert.Equal(expected, cells.Select((_, at) => row[$"c{at}"]));
        }
        Assert.Throws<PackException>((world.Options(PackFormat.Folders) with { CsvSafe = true }).Validate);
    }

    [Fact]
    public void Addresses_stand_one_a_line_and_rows_without_one_are_counted()
    {
        Sources(
            "https://a.example/1.jpg",
            "/home/me/2.jpg",
            "HTTP://b.example/3?x=1&y=%20",
            "https://a.example/1.jpg",
            "https://c.example/shard.tar::4.jpg",
            "https://d.example/a b.jpg",
            "https://d.example/\nhttps://e.example/",
            "https://f.example/\n",
            null
        );
        PackSummary summary = PackWorld.Pack(world.Options(PackFormat.Urls, "urls.txt"));
        Assert.Equal("https://a.example/1.jpg\nHTTP://b.example/3?x=1&y=%20\n", File.ReadAllText(world["urls.txt"]));
        Assert.Equal(new Dictionary<string, long> { ["no_url"] = 6, ["same_url"] = 1 }, summary.Skipped);
        Assert.Equal(2, summary.Packed);
        Assert.Equal("pack", Provenance.ReadBeside(world["urls.txt"])!.Command);
    }

    [Theory]
    [InlineData("urls.csv")]
    [InlineData("urls.parquet")]
    public void A_table_of_addresses_keeps_what_img2dataset_can_carry(string name)
    {
        Sources("https://a.example/1.jpg", null);
        PackWorld.Pack(world.Options(PackFormat.Urls, name));
        using TableReader table = Table.Open(world[name]);
        TableRow row = Assert.Single(table.Rows(TestContext.Current.CancellationToken));
        Assert.Equal(("https://a.example/1.jpg", "a caption", "1"), (row["url"], row["caption"], row["rank"]));
        Assert.Equal("url", table.Header.Columns[0]);
        Assert.DoesNotContain("path", table.Header.Columns);
    }

    [Fact]
    public void No_address_at_all_is_an_error_and_leaves_no_file()
    {
        Sources("/home/me/1.jpg");
        PackException problem = Assert.Throws<PackException>(() => PackWorld.Pack(world.Options(PackFormat.Urls, "urls.txt")));
        Assert.Contains("no_url 1", problem.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(world["urls.txt"]));
    }

    [Theory]
    [InlineData("csv", "far/away/copy.csv")]
    [InlineData("parquet", "copy.parquet")]
    public void A_table_elsewhere_leads_to_the_same_images(string format, string name)
    {
        world.Add("images/a.jpg", caption: "x,\"y\"").Row("shard.tar::b.jpg").Row("c.jpg", status: "failed");
        PackSummary summary = PackWorld.Pack(world.Options(PackFormat.Find(format)!, name));
        Assert.Equal((2, 3), (summary.Packed, summary.Rows));
        using TableReader table = Table.Open(world[name]);
        TableRow[] rows = [.. table.Rows(TestContext.Current.CancellationToken)];
        Assert.Equal(
            [world["images/a.jpg"], world["shard.tar"] + "::b.jpg"],
            rows.Select(row => ManifestPath.FromTable(row["path"]!, world[name]))
        );
        Assert.All(rows, row => Assert.False(Path.IsPathRooted(row["path"])));
        Assert.Equal(PackWorld.Header, table.Header.Columns);
        Assert.Equal("x,\"y\"", rows[0]["caption"]);
    }

    private void Sources(params string?[] sources)
    {
        foreach (string? source in sources)
            world.Row("images/none.jpg", source: source, caption: "a caption");
    }
}
