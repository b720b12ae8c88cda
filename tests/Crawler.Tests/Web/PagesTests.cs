// From pages, sitemaps and feeds to their images, as far as asked and no farther.

using Microsoft.AspNetCore.Http;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class PagesTests
{
    [Theory]
    [InlineData(0, new[] { "/ok/1", "/ok/2" })]
    [InlineData(1, new[] { "/ok/1", "/ok/2", "/ok/3" })]
    [InlineData(2, new[] { "/ok/1", "/ok/2", "/ok/3", "/ok/4" })]
    public async Task Depth_says_how_many_pages_away_images_may_be(int depth, string[] expected)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { Depth = depth } };
        Page(web, "/a", "<img src=/ok/1><img srcset='/ok/2 2x'><a href=/b>b</a><a href=/a>a</a>");
        Page(web, "/b", "<img src=/ok/1><img src=/ok/3><a href=/c>c</a><a href=/a>a</a>");
        Page(web, "/c", "<img src=/ok/4>");

        await world.Crawl(web.Url("one", "/a"));

        Assert.Equal(
            expected,
            world.Rows().Where(row => row["status"] == "ok").Select(row => new Uri(row["source"]!).AbsolutePath).Order()
        );
        Assert.All(world.Rows().Where(row => row["status"] != "ok"), row => Assert.Equal("page", row["reason"]));
    }

    [Fact]
    public async Task Pages_of_other_sites_are_left_alone_and_their_images_are_not()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { Depth = 3 } };
        Page(web, "/a", $"<img src={web.Url("images", "/ok/1")}><a href={web.Url("other", "/b")}>b</a>");
        Page(web, "/b", "<img src=/ok/2>");

        await world.Crawl(web.Url("one", "/a"));

        Assert.Equal(["rejected/page", "ok"], world.Ends());
    }

    public static TheoryData<string, string> Beginnings =>
        new()
        {
            { "<base href=/>", "text/html" },
            { "<BASE HREF='/'>", "application/octet-stream" },
            { "<meta charset=utf-8>", "" },
            { "<title>t</title>", "image/jpeg" },
            { "<link rel=icon href=/x>", "text/plain" },
            { "<!-- a comment --><nav>", "" },
            { "<!-- " + new string('-', 5000) + " -->", "" },
            { "\uFEFF<!DOCTYPE html>", "" },
            { "\uFEFF \t\r\n\f<section>", "" },
            {
                "<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' 'http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd'><html xmlns='http://www.w3.org/1999/xhtml'>",
                ""
            },
            { "<?xml version='1.0'?><html>", "" },
            { "<!DOCTYPE HTML>\n", "" },
            { "<!doctype\nhtml><main>", "" },
            { "<noscript></noscript>", "" },
            { "<picture></picture>", "" },
            { "<my-element></my-element>", "text/html; charset=utf-8" },
            { "Welcome! ", "text/html" },
            { "&nbsp;<p>", " text/HTML" },
        };

    [Theory]
    [MemberData(nameof(Beginnings))]
    public async Task A_page_is_a_page_however_it_begins(string beginning, string mediaType)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        web.Own["/a"] = context =>
        {
            if (mediaType.Length > 0)
                context.Response.ContentType = mediaType;
            return context.Response.WriteAsync(beginning + "<img src=/ok/1>");
        };

        await world.Crawl(web.Url("one", "/a"));

        Assert.Equal(["rejected/page", "ok"], world.Ends());
    }

    [Theory]
    [InlineData("<?xml version='1.0'?><data><img src='/ok/1'/></data>", "")]
    [InlineData("Welcome! <img src=/ok/1>", "text/plain")]
    [InlineData("<my-element><img src=/ok/1>", "application/xml")]
    [InlineData("\0\u0001<img src=/ok/1>", "text/html")]
    public async Task What_is_no_page_is_none(string body, string mediaType)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        web.Own["/a"] = context =>
        {
            if (mediaType.Length > 0)
                context.Response.ContentType = mediaType;
            return context.Response.WriteAsync(body);
        };

        await world.Crawl(web.Url("one", "/a"));

        Assert.DoesNotContain("page", Assert.Single(world.Ends()), StringComparison.Ordinal);
        Assert.False(web.Visits.ContainsKey("one.test/ok/1"));
    }

    [Fact]
    public async Task A_sitemap_index_leads_over_sitemaps_and_pages_to_images()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        Page(
            web,
            "/index.xml",
            $"<?xml version='1.0'?><sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>{web.Url("one", "/map.xml")}</loc></sitemap></sitemapindex>"
        );
        Page(
            web,
            "/map.xml",
            $"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'><url><loc>{web.Url("one", "/a")}</loc><image:image><image:loc>{web.Url("one", "/ok/7")}</image:loc></image:image></url></urlset>"
        );
        Page(web, "/a", "<html><img src=/ok/8>");

        await world.Crawl(web.Url("one", "/index.xml"));

        Assert.Equal(
            ["/ok/7", "/ok/8"],
            world.Rows().Where(row => row["status"] == "ok").Select(row => new Uri(row["source"]!).AbsolutePath).Order()
        );
    }

    [Fact]
    public async Task A_page_that_opts_out_gives_nothing()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        Page(web, "/a", "<html><head><meta name=robots content=noai></head><img src=/ok/1>");

        await world.Crawl(web.Url("one", "/a"));

        Assert.Equal(["rejected/noai"], world.Ends());
    }

    [Fact]
    public async Task Pages_beyond_the_limit_are_not_read()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { Depth = 1, MaxPages = 3 } };
        Page(web, "/a", string.Concat(Enumerable.Range(0, 10).Select(i => $"<a href=/p{i}>p</a>")));
        for (int i = 0; i < 10; i++)
            Page(web, $"/p{i}", $"<p><img src=/ok/{i}>");

        await world.Crawl(web.Url("one", "/a"));

        Assert.Equal(
            ["/ok/0", "/ok/1", "/ok/2"],
            world.Rows().Where(row => row["status"] == "ok").Select(row => new Uri(row["source"]!).AbsolutePath)
        );
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public async Task A_crawl_of_pages_stopped_and_run_again_ends_with_the_same_store(int after)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld whole = new(web) { Options = WebWorld.Quick with { Depth = 1 } },
            broken = new(web) { Options = whole.Options };
        Page(web, "/a", "<img src=/ok/1><a href=/b>b</a><a href=/c>c</a><img src=/404/1>");
        Page(web, "/b", "<img src=/ok/2><img src=/ok/3><img src=/ok/1>");
        Page(web, "/c", "<img src=/ok/3><img src=/ok/4>");
        await whole.Crawl(web.Url("one", "/a"));

        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            broken.Crawl(
                now =>
                {
                    if (now.Done == after)
                        stop.Cancel();
                },
                stop.Token,
                web.Url("one", "/a")
            )
        );
        await broken.Crawl(web.Url("one", "/a"));

        Assert.Equal(whole.Files(), broken.Files());
    }

    internal static void Page(FaultyWeb web, string path, string text) => web.Own[path] = context => context.Response.WriteAsync(text);
}
