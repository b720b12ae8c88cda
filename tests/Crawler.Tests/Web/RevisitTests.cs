// A store is crawled again: what failed is tried once more, what may have changed is asked for, what is known is passed over.

using Microsoft.AspNetCore.Http;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class RevisitTests
{
    [Fact]
    public async Task Failed_addresses_are_tried_once_more_and_keep_their_places_and_columns()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        bool broken = true;
        web.Own["/moody"] = context =>
        {
            context.Response.StatusCode = broken ? 410 : 200;
            return broken ? Task.CompletedTask : context.Response.Body.WriteAsync(CrawlWorld.Bitmap(20, 16, 77)).AsTask();
        };
        File.WriteAllText(
            world["urls.csv"],
            $"url,caption,camera\n{web.Url("one", "/ok/1")},a,x\n{web.Url("one", "/moody")},b,y\n{web.Url("one", "/404/1")},c,z\n{web.Url("one", "/ok/2")},d,w\n"
        );
        await world.Crawl(world["urls.csv"]);
        Assert.Equal(["ok", "failed/http_410", "failed/http_404", "ok"], world.Ends());

        broken = false;
        world.Options = WebWorld.Quick with { RetryFailed = true };
        CrawlSummary again = await world.Crawl();

        Assert.Equal(["ok", "ok", "failed/http_404", "ok"], world.Ends());
        Assert.Equal(["a/x", "b/y", "c/z", "d/w"], world.Rows().Select(row => $"{row["caption"]}/{row["camera"]}"));
        Assert.Equal((4, 2), (again.Rows, again.Added));
        Assert.Equal(1, web.Visits["one.test/ok/1"]);
    }

    [Fact]
    public async Task Unchanged_images_are_not_sent_again_and_changed_ones_are_replaced()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        int version = 1,
            bodies = 0;
        Func<HttpContext, Task> Versioned(Func<int> seed) =>
            async context =>
            {
                string tag = $"\"v{seed()}\"";
                context.Response.Headers.ETag = tag;
                if (context.Request.Headers.IfNoneMatch == tag)
                {
                    context.Response.StatusCode = 304;
                    return;
                }
                Interlocked.Increment(ref bodies);
                await context.Response.Body.WriteAsync(CrawlWorld.Bitmap(20, 16, seed()));
            };
        web.Own["/same"] = Versioned(() => 500);
        web.Own["/new"] = Versioned(() => version);
        string[] urls = [web.Url("one", "/same"), web.Url("one", "/new"), web.Url("one", "/ok/3")];
        File.WriteAllLines(world["urls.txt"], urls);
        await world.Crawl(world["urls.txt"]);
        string[] before = [.. world.Rows().Select(row => row["sha256"]!)];
        Assert.Equal("\"v500\"", world.Rows()[0]["etag"]);

        version = 2;
        world.Options = WebWorld.Quick with { Refresh = true };
        await world.Crawl();

        string[] after = [.. world.Rows().Select(row => row["sha256"]!)];
        Assert.Equal([true, false, true], before.Zip(after, (a, b) => a == b));
        Assert.Equal(["ok", "ok", "ok"], world.Ends());
        Assert.Equal("\"v2\"", world.Rows()[1]["etag"]);
        Assert.Equal(3, bodies);
    }

    [Fact]
    public async Task An_image_that_is_gone_from_the_web_stays_in_the_store()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        File.WriteAllLines(world["urls.txt"], [web.Url("one", "/ok/1")]);
        await world.Crawl(world["urls.txt"]);
        IReadOnlyDictionary<string, string> before = world.Files();

        web.Own["/ok/1"] = context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        };
        world.Options = WebWorld.Quick with { Refresh = true };
        await world.Crawl();

        Assert.Equal(before, world.Files());
    }

    [Fact]
    public async Task Known_addresses_are_passed_over_and_pages_are_read_again()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        PagesTests.Page(web, "/a", "<img src=/ok/1>");
        await world.Crawl(web.Url("one", "/a"));
        PagesTests.Page(web, "/a", "<img src=/ok/2><img src=/ok/1>");

        CrawlSummary again = await world.Crawl(web.Url("one", "/a"));

        Assert.Equal(1, again.Added);
        Assert.Equal(["rejected/page", "ok", "ok"], world.Ends());
        Assert.Equal(1, web.Visits["one.test/ok/1"]);
    }

    [Fact]
    public async Task A_dry_run_asks_for_what_sites_say_of_themselves_alone_and_leaves_nothing()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        File.WriteAllLines(
            world["urls.txt"],
            [web.Url("one", "/ok/1"), web.Url("one", "/private/1"), web.Url("closed", "/ok/1"), web.Url("nx", "/ok/1"), "no address"]
        );
        Dictionary<string, string> told = [];

        await Task.Run(
            () =>
                CrawlRun.DryRun(
                    world.For(world["urls.txt"]),
                    planned => told[planned.Url] = planned.Decision,
                    TestContext.Current.CancellationToken
                ),
            TestContext.Current.CancellationToken
        );

        Assert.Equal(["fetch", "robots", "robots", "dns_error", "bad_url"], File.ReadLines(world["urls.txt"]).Select(url => told[url]));
        Assert.DoesNotContain(web.Visits.Keys, path =>
            !path.EndsWith("/robots.txt", StringComparison.Ordinal) && !path.EndsWith("/.well-known/tdmrep.json", StringComparison.Ordinal)
        );
        Assert.False(Directory.Exists(world.Store));
    }
}
