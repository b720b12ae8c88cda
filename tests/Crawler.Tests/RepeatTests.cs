// The same crawl again, after any interruption and with any number of workers, ends with the same store.

using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Tests;

public sealed class RepeatTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(39)]
    public void An_interrupted_crawl_run_again_ends_with_the_same_store(int after)
    {
        using CrawlWorld whole = new(),
            broken = new();
        string wild = whole.Images("wild", 40);
        File.Copy(whole["wild/003.bmp"], whole["wild/zz.bmp"]);
        whole.Crawl([wild]);

        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            broken.Crawl(
                [wild],
                hear: now =>
                {
                    if (now.Done == after)
                        stop.Cancel();
                },
                stop: stop
            )
        );
        Assert.False(File.Exists(broken.Manifest));
        broken.Crawl([wild]);

        Assert.Equal(whole.Files(), broken.Files());
    }

    [Fact]
    public void The_number_of_workers_does_not_show()
    {
        using CrawlWorld one = new(),
            many = new();
        string wild = one.Images("wild", 25);
        one.Crawl([wild], workers: 1);
        many.Crawl([wild], workers: 6);

        Assert.Equal(one.Files(), many.Files());
    }

    [Fact]
    public void Crawling_the_same_source_again_adds_nothing()
    {
        using CrawlWorld world = new();
        string wild = world.Images("wild", 6);
        world.Crawl([wild]);
        IReadOnlyDictionary<string, string> before = world.Files();

        CrawlSummary again = world.Crawl([wild]);

        Assert.Equal((6, 0), (again.Rows, again.Added));
        Assert.Equal(before, world.Files());
    }

    [Fact]
    public void A_second_source_is_appended_and_known_content_is_a_duplicate_of_the_first()
    {
        using CrawlWorld world = new();
        world.Crawl([world.Images("wild", 3)]);
        world.Crawl([world.Images("more", 4)]);

        List<TableRow> rows = world.Rows();
        Assert.Equal(["ok", "ok", "ok", "duplicate", "duplicate", "duplicate", "ok"], rows.Select(row => row["status"]));
        Assert.Equal(rows[0]["path"], rows[3]["path"]);
    }
}
