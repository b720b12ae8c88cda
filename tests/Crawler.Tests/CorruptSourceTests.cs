// corrupt:// – spoilt copies of a pool, in equal parts, the same on every run.

using DataFreeKD.Crawler.Sources;
using DataFreeKD.Imaging.Corruptions;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Tests;

public sealed class CorruptSourceTests
{
    [Fact]
    public void Every_kind_of_corruption_is_made_as_often_and_the_source_tells_which()
    {
        using CrawlWorld world = new();
        string pool = world.Images("pool", 30);
        Crawl($"corrupt://{pool}?count=22&seed=3", world["store"]);

        List<TableRow> rows = world.Rows();
        Assert.Equal(22, rows.Count);
        Assert.All(rows, row => Assert.Equal("ok", row["status"]));
        Assert.Equal(
            Enum.GetNames<Corruption>().Select(name => (name.ToLowerInvariant(), 2)).Order(),
            rows.CountBy(row => CorruptSource.KindOf(row["source"]!)!).Select(kind => (kind.Key, kind.Value)).Order()
        );
        Assert.StartsWith("corrupt://pool?seed=3#shuffled/000000/", rows[0]["source"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_call_adds_nothing_and_a_larger_count_adds_the_rest()
    {
        using CrawlWorld world = new();
        string pool = world.Images("pool", 30);
        Crawl($"corrupt://{pool}?count=30", world["whole"]);
        Crawl($"corrupt://{pool}?count=11", world["store"]);
        Assert.Equal(11, world.Rows().Count);
        byte[] before = File.ReadAllBytes(world.Manifest);
        Crawl($"corrupt://{pool}?count=11", world["store"]);
        Assert.Equal(before, File.ReadAllBytes(world.Manifest));
        Crawl($"corrupt://{pool}?count=30", world["store"]);
        Assert.Equal(File.ReadAllBytes(world["whole/manifest.csv"]), File.ReadAllBytes(world.Manifest));
    }

    [Fact]
    public void A_file_that_is_no_image_is_a_row_with_its_reason()
    {
        using CrawlWorld world = new();
        File.WriteAllText(Path.Combine(world.Images("pool", 0), "a.png"), "no image");
        Crawl($"corrupt://{world["pool"]}?count=1", world["store"]);
        TableRow row = Assert.Single(world.Rows());
        Assert.Equal(("failed", "unknown_format"), (row["status"], row["reason"]));
    }

    [Theory]
    [InlineData("corrupt://?count=3", "names no images")]
    [InlineData("corrupt://pool", "how many copies")]
    [InlineData("corrupt://pool?count=many", "count=many is not a key and a whole number")]
    [InlineData("corrupt://pool?count=3&size=9", "'size' is not known")]
    [InlineData("corrupt:///no/such/folder?count=3", "/no/such/folder")]
    public void What_cannot_be_read_is_refused(string source, string says) =>
        Assert.Contains(says, Assert.Throws<CrawlException>(() => CorruptSource.Parse(source)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_ordinary_source_has_no_kind()
    {
        Assert.Null(CorruptSource.KindOf("https://example.org/a.png#x/y"));
        Assert.Null(CorruptSource.KindOf("corrupt://pool"));
        Assert.Equal("blurred", CorruptSource.KindOf("corrupt://pool?seed=0#blurred/000004/a.png"));
    }

    private static void Crawl(string source, string store) =>
        CrawlRun.Execute(
            new CrawlOptions
            {
                Sources = [],
                Made = [CorruptSource.Parse(source)],
                Store = store,
                MinSide = 1,
                Workers = 2,
            },
            null,
            TestContext.Current.CancellationToken
        );
}
