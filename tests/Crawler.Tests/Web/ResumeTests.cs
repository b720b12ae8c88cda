// A crawl of the web that was stopped anywhere and run again ends as one that was not.

using DataFreeKD.Crawler.Journal;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class ResumeTests
{
    private static string[] Mixed(FaultyWeb web) =>
        [
            .. Enumerable
                .Range(0, 60)
                .Select(i =>
                    (i % 6) switch
                    {
                        0 => web.Url($"host{i % 5}", $"/404/{i}"),
                        1 => web.Url($"host{i % 5}", $"/r-once/{i}"),
                        2 => web.Url($"host{i % 5}", "/ok/7"),
                        3 => "http://[bad",
                        _ => web.Url($"host{i % 5}", $"/ok/{i}"),
                    }
                ),
        ];

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(50)]
    public async Task A_stopped_crawl_run_again_ends_with_the_same_store(int after)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld whole = new(web),
            broken = new(web);
        File.WriteAllLines(whole["urls.txt"], Mixed(web));
        await whole.Crawl(whole["urls.txt"]);

        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            broken.Crawl(
                now =>
                {
                    if (now.Done == after)
                        stop.Cancel();
                },
                stop.Token,
                whole["urls.txt"]
            )
        );
        Assert.False(File.Exists(broken["store/manifest.csv"]));
        await broken.Crawl(whole["urls.txt"]);

        Assert.Equal(whole.Files(), broken.Files());
        Assert.False(Directory.Exists(broken["store/.crawl"]));
    }

    [Fact]
    public async Task What_has_a_row_in_the_journal_is_not_fetched_again()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { Connections = 1, ConnectionsPerHost = 1 } };
        File.WriteAllLines(world["urls.txt"], Enumerable.Range(0, 30).Select(i => web.Url("one", $"/ok/{i}")));

        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            world.Crawl(
                now =>
                {
                    if (now.Done == 20)
                        stop.Cancel();
                },
                stop.Token,
                world["urls.txt"]
            )
        );
        await world.Crawl(world["urls.txt"]);

        // The one request that was under way when the crawl stopped is the only one that may have been made twice.
        Assert.InRange(web.Visits.Where(visit => visit.Key.Contains("/ok/", StringComparison.Ordinal)).Sum(visit => visit.Value), 30, 31);
    }

    [Fact]
    public async Task A_failing_disk_stops_the_crawl_and_the_same_command_goes_on()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld whole = new(web),
            broken = new(web);
        File.WriteAllLines(whole["urls.txt"], Mixed(web));
        await whole.Crawl(whole["urls.txt"]);

        // A file where a folder of images should be is a disk that cannot be written to.
        string folder = whole.Rows().First(row => row["status"] == "ok")["path"]![..9];
        Directory.CreateDirectory(broken["store/images"]);
        File.WriteAllText(Path.Combine(broken.Store, folder), "");
        await Assert.ThrowsAnyAsync<IOException>(() => broken.Crawl(whole["urls.txt"]));
        File.Delete(Path.Combine(broken.Store, folder));
        await broken.Crawl(whole["urls.txt"]);

        Assert.Equal(whole.Files(), broken.Files());
    }

    [Fact]
    public async Task An_interrupted_crawl_with_other_sources_is_told_apart()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        File.WriteAllLines(world["urls.txt"], Mixed(web));
        File.WriteAllLines(world["others.txt"], Mixed(web).Skip(1));
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Crawl(_ => stop.Cancel(), stop.Token, world["urls.txt"]));

        CrawlException error = await Assert.ThrowsAsync<CrawlException>(() => world.Crawl(world["others.txt"]));

        Assert.Contains("another 'sources'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"ordinal\":2,\"url\":\"http://h/2\",\"sta")]
    [InlineData("{\"ordinal\":2,\"url\":\"http://h/2\",\"status\":\"ok\"}")]
    public async Task A_line_that_was_cut_short_does_not_count_and_is_cut_off(string torn)
    {
        using WebWorld world = new();
        string path = world["journal"];
        await Append(path, new JournalRow(1, "http://h/1", "failed") { Reason = "timeout" }, new JournalRow(0, "http://h/0", "ok"));
        File.AppendAllText(path, torn);
        using (JournalReader reader = new(path))
            Assert.Equal((2, true, true, false), (reader.Count, reader.Has(0), reader.Has(1), reader.Has(2)));

        await Append(path, new JournalRow(2, "http://h/2", "rejected") { Reason = "robots" });

        using JournalReader whole = new(path);
        Assert.Equal(["ok/", "failed/timeout", "rejected/robots"], whole.Rows().Select(row => $"{row.Status}/{row.Reason}"));
    }

    private static async Task Append(string path, params JournalRow[] rows)
    {
        await using JournalWriter writer = new(path);
        foreach (JournalRow row in rows)
            await writer.Add(row, null, TestContext.Current.CancellationToken);
    }
}
