// A crawl that several processes share ends as one process's, asks no host more than it may, and loses nothing.

using System.Globalization;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Crawler.Sharding;
using DataFreeKD.Crawler.Steering;
using DataFreeKD.Crawler.Web;
using Microsoft.AspNetCore.Http;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class ShardedCrawlTests
{
    private static readonly string[] Kinds =
    [
        "ok",
        "404",
        "r-once",
        "same",
        "r-loop",
        "ok",
        "r-many",
        "r-inner",
        "private",
        "small",
        "r-ftp",
        "svg",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, null)]
    [InlineData(7, 4)]
    public async Task Three_that_share_a_crawl_end_with_the_manifest_and_the_files_of_one(int? perShard, int? radius)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        Prepare(web);
        using WebWorld whole = new(web),
            shared = new(web);
        string list = whole["urls.csv"];
        List<string> lines = ["url,caption"];
        for (int i = 0; i < 96; i++)
        {
            string kind = Kinds[i / 12 % Kinds.Length];
            lines.Add($"{web.Url($"host{i % 12}", kind == "same" ? "/same" : $"/{kind}/{i % 40}")},caption {i}");
        }
        lines.AddRange([
            $"{web.Url("lent", "/ok/1001")},its robots.txt lies elsewhere",
            $"{web.Url("lent", "/private/1002")},and forbids this",
            $"{web.Url("dead", "/ok/1")},",
            "http://[bad,",
            $"{web.Url("host1", "/ok/1")},listed twice",
        ]);
        File.WriteAllLines(list, lines);
        string[] sources = [list, web.Url("pages", "/start")];
        CrawlOptions Of(WebWorld world) =>
            world.For(sources) with
            {
                ImagesPerShard = perShard,
                NearDuplicateRadius = radius,
                Web = world.Options with { Depth = 2, AnySite = true },
            };
        await CrawlRun.ExecuteAsync(Of(whole), null, Cancel);

        ShardSummary[] shares = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(share => Task.Run(() => Work(Of(shared), new ShardShare(share, 3), partitions: 6), Cancel))
        );
        using ShardedCrawl end = new(Of(shared));
        CrawlSummary summary = await end.FinishAsync(null, Cancel);

        Assert.Equal(whole.Rows().Count, summary.Rows);
        Assert.Equal(File.ReadAllText(whole["store/manifest.csv"]), File.ReadAllText(shared["store/manifest.csv"]));
        Assert.Equal(whole.Files(), shared.Files());
        Assert.False(Directory.Exists(shared["store.parts"]));
        Assert.All(shares, share => Assert.Empty(share.Failed));
        // The kinds that lead elsewhere were there at all.
        string[] ends = [.. whole.Ends()];
        foreach (
            string expected in (string[])
                ["failed/redirect_loop", "rejected/address_refused", "rejected/robots", "rejected/page", "duplicate/same_content"]
        )
            Assert.Contains(expected, ends);
        Assert.Contains(whole.Rows(), row => row["source"] == web.Url("lent", "/private/1002") && row["reason"] == "robots");
    }

    [Fact]
    public async Task No_host_is_asked_more_than_it_may_though_all_others_redirect_to_it()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { ConnectionsPerHost = 3 } };
        web.Own["/away"] = context =>
        {
            context.Response.Redirect(web.Url("elsewhere", "/nap") + context.Request.QueryString);
            return Task.CompletedTask;
        };
        int naps = 0;
        web.Own["/nap"] = async context =>
        {
            Interlocked.Increment(ref naps);
            await Task.Delay(10);
            await context.Response.WriteAsync("x");
        };
        File.WriteAllLines(world["urls.txt"], Enumerable.Range(0, 200).Select(i => web.Url($"host{i % 20}", $"/away?{i}")));

        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(share => Task.Run(() => Work(world.For(world["urls.txt"]), new ShardShare(share, 4), partitions: 8), Cancel))
        );

        Assert.Equal(200, naps);
        Assert.InRange(web.MostAtATime, 2, 3);
    }

    [Fact]
    public async Task Who_takes_a_partition_over_asks_for_nothing_again_and_knows_the_hosts()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { Connections = 1, ConnectionsPerHost = 1 } };
        File.WriteAllLines(world["urls.txt"], Enumerable.Range(0, 30).Select(i => web.Url("one", $"/ok/{i}")));
        CrawlOptions options = world.For(world["urls.txt"]);
        using CancellationTokenSource stop = new();
        int heard = 0;
        using (ShardedCrawl first = new(options))
            Assert.ThrowsAny<OperationCanceledException>(() =>
                first.Work(
                    ShardShare.All,
                    null,
                    false,
                    new Heard(() =>
                    {
                        if (++heard == 20)
                            stop.Cancel();
                    }),
                    stop.Token
                )
            );
        using (ShardedCrawl early = new(options))
        {
            ShardException missing = await Assert.ThrowsAsync<ShardException>(() => early.FinishAsync(null, Cancel));
            Assert.Equal(ShardProblem.Missing, missing.Problem);
            Assert.Contains("1 of 1 partitions of round 0 are missing: 0;", missing.Message, StringComparison.Ordinal);
        }

        Work(options, ShardShare.All);

        Assert.Equal(1, web.Visits["one.test/robots.txt"]);
        // The one request that was under way when the first stopped is the only one that may have been made twice.
        Assert.InRange(web.Visits.Where(visit => visit.Key.Contains("/ok/", StringComparison.Ordinal)).Sum(visit => visit.Value), 30, 31);
        using ShardedCrawl end = new(options);
        Assert.Equal(30, (await end.FinishAsync(null, Cancel)).Rows);
    }

    [Fact]
    public async Task Without_its_lease_a_process_makes_no_further_request()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { ConnectionsPerHost = 1 } };
        File.WriteAllLines(world["urls.txt"], Enumerable.Range(0, 30).Select(i => web.Url("one", $"/ok/{i}")));
        using ShardedCrawl crawl = new(world.For(world["urls.txt"]));
        crawl.Plan(cancel: Cancel);
        CrawlRound round = crawl.Advance(Cancel);
        int left = 10;

        Assert.ThrowsAny<OperationCanceledException>(() =>
            crawl.One(round, 0, new CrawlTally(null), () => Interlocked.Decrement(ref left) >= 0, Cancel)
        );

        Assert.Equal(10, web.Visits.Sum(visit => visit.Value));
        Assert.Equal(ShardOutcome.Done, crawl.One(round, 0, new CrawlTally(null), null, Cancel));
    }

    [Fact]
    public async Task What_cannot_be_shared_and_what_changed_is_refused_by_name()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        string list = world["urls.txt"];
        File.WriteAllLines(list, Enumerable.Range(0, 6).Select(i => web.Url($"host{i}", $"/ok/{i}")));
        CrawlOptions options = world.For(list);
        Refused(
            options with
            {
                Web = options.Web with { MaxFetches = 10, Steering = new SteeringOptions((_, _) => [], "teacher") },
            },
            "a steered crawl"
        );
        Refused(options with { Sources = [world.Store] }, "no source of the web");
        Refused(options with { Sources = ["-"] }, "standard input");
        Refused(options with { Sources = ["s3://bucket/prefix"] }, "lies at one server");
        using (ShardedCrawl crawl = new(options))
            crawl.Plan(3, Cancel);
        Assert.Contains("3 partitions and 4", Assert.Throws<CrawlException>(() => PlanOf(options, 4)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "min-side is '8' there and '9' here",
            Assert.Throws<CrawlException>(() => PlanOf(options with { MinSide = 9 })).Message,
            StringComparison.Ordinal
        );
        CrawlException one = await Assert.ThrowsAsync<CrawlException>(() => world.Crawl(list));
        Assert.Contains("several processes share", one.Message, StringComparison.Ordinal);

        DateTime then = File.GetLastWriteTimeUtc(list);
        File.WriteAllText(list, File.ReadAllText(list).Replace("/ok/5", "/ok/7", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(list, then.AddSeconds(5));
        Assert.Contains("sources is", Assert.Throws<CrawlException>(() => PlanOf(options)).Message, StringComparison.Ordinal);
        // A change that neither length nor time tells is found at the end.
        File.SetLastWriteTimeUtc(list, then);
        Work(options, ShardShare.All);
        using ShardedCrawl end = new(options);
        CrawlException changed = await Assert.ThrowsAsync<CrawlException>(() => end.FinishAsync(null, Cancel));
        Assert.Contains("changed since the plan was made", changed.Message, StringComparison.Ordinal);

        static void Refused(CrawlOptions options, string why) =>
            Assert.Contains(why, Assert.Throws<CrawlException>(() => new ShardedCrawl(options)).Message, StringComparison.Ordinal);

        static void PlanOf(CrawlOptions options, int? partitions = null)
        {
            using ShardedCrawl crawl = new(options);
            crawl.Plan(partitions, Cancel);
        }
    }

    [Fact]
    public async Task Into_a_store_that_is_there_and_with_a_budget_the_rows_are_those_of_one_process()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld whole = new(web),
            shared = new(web);
        string list = whole["urls.txt"];
        File.WriteAllLines(list, Enumerable.Range(0, 40).Select(i => web.Url($"host{i % 9}", $"/ok/{i % 30}")));
        foreach (WebWorld world in (WebWorld[])[whole, shared])
            world.Options = WebWorld.Quick with { MaxFetches = 12 };
        await whole.Crawl(list);
        await shared.Crawl(list);

        await whole.Crawl(list);
        Work(shared.For(list), ShardShare.All, partitions: 4);
        using ShardedCrawl end = new(shared.For(list));
        CrawlSummary summary = await end.FinishAsync(null, Cancel);

        Assert.Equal(12, summary.Added);
        Assert.Equal(whole.Files(), shared.Files());
    }

    [Theory]
    [InlineData("http://www.example.org/", "example.org")]
    [InlineData("http://a.b.example.co.uk/", "example.co.uk")]
    [InlineData("http://example.de/", "example.de")]
    [InlineData("http://127.10.0.1:80/", "127.10.0.1")]
    [InlineData("http://localhost/", "localhost")]
    public void A_site_is_told_by_its_name(string address, string site) => Assert.Equal(site, SiteName.Of(new Uri(address)));

    [Fact]
    public void The_largest_sites_come_first_and_alone()
    {
        Dictionary<string, long> sites = Enumerable.Range(0, 100).ToDictionary(i => $"site{i}.org", i => i == 7 ? 900L : 1);
        sites["site3.org"] = 800;

        CrawlPartitions made = CrawlPartitions.Of(sites, 10);

        Assert.Equal(["site7.org", "site3.org"], made.Alone);
        Assert.Equal((0, 1), (made.Of(new Uri("http://www.site7.org/")), made.Of(new Uri("http://site3.org/"))));
        int[] rest = [.. sites.Keys.Except(made.Alone).Select(site => made.Of(new Uri($"http://{site}/")))];
        Assert.All(rest, partition => Assert.InRange(partition, 2, 9));
        Assert.Equal(8, rest.Distinct().Count());
    }

    private static ShardSummary Work(CrawlOptions options, ShardShare share, int? partitions = null)
    {
        using ShardedCrawl crawl = new(options);
        return crawl.Work(share, partitions, retryFailed: false, null, Cancel);
    }

    // Pages that link to each other over hosts, and a robots.txt that lies at another host.
    private static void Prepare(FaultyWeb web)
    {
        web.Own["/same"] = context => context.Response.Body.WriteAsync(CrawlWorld.Bitmap(20, 16, 4711)).AsTask();
        web.Own["/start"] = Page(web, [.. Enumerable.Range(0, 6).Select(i => web.Url($"host{i}", "/page"))], ["/ok/500", "/404/501"]);
        web.Own["/page"] = context =>
            Page(
                web,
                [web.Url("pages", "/start"), web.Url("leaf", "/leaf")],
                [$"/ok/{string.Concat(context.Request.Host.Host.Where(char.IsAsciiDigit))}", web.Url("host3", "/r-once/77")]
            )(context);
        web.Own["/leaf"] = Page(web, [], [web.Url("host2", "/ok/888"), web.Url("host9", "/ok/12")]);
        web.Own["/lent-robots"] = context => context.Response.WriteAsync("User-agent: *\nDisallow: /private/\n");
        web.Own["/robots.txt"] = context =>
        {
            if (context.Request.Host.Host == "lent.test")
            {
                context.Response.Redirect(web.Url("lender", "/lent-robots"));
                return Task.CompletedTask;
            }
            return Faults.Robots(context, context.Request.Host.Host);
        };
    }

    private static Func<HttpContext, Task> Page(FaultyWeb web, string[] links, string[] images) =>
        context =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"<!DOCTYPE html><html><body>{string.Concat(links.Select(link => $"<a href=\"{link}\">x</a>"))}{string.Concat(images.Select(image => $"<img src=\"{image}\">"))}</body></html>"
                )
            );
        };

    private sealed class Heard(Action hear) : IProgress<CrawlProgress>
    {
        public void Report(CrawlProgress value) => hear();
    }
}
