// What an origin says of itself in robots.txt and tdmrep.json, beyond what may not be fetched.

using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class OriginFilesTests
{
    [Fact]
    public async Task A_reserved_path_is_not_fetched_and_the_file_is_asked_for_once()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        web.Own["/.well-known/tdmrep.json"] = context =>
            context.Response.WriteAsync(
                """[{"location": "/ok/2", "tdm-reservation": 1}, {"location": "/r-once/", "tdm-reservation": 1}]"""
            );
        File.WriteAllLines(world["urls.txt"], Enumerable.Range(0, 5).Select(i => web.Url("one", $"/ok/{i}")));

        await world.Crawl(world["urls.txt"]);

        Assert.Equal(["ok", "ok", "rejected/tdm_reserved", "ok", "ok"], world.Ends());
        Assert.False(web.Visits.ContainsKey("one.test/ok/2"));
        Assert.Equal(1, web.Visits["one.test/.well-known/tdmrep.json"]);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(503)]
    [InlineData(200)]
    public async Task A_file_that_cannot_be_read_reserves_nothing(int status)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        web.Own["/.well-known/tdmrep.json"] = context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync($"[{new string(' ', 2 << 20)}{{\"location\": \"/\", \"tdm-reservation\": 1}}]");
        };

        await world.Crawl(web.Url("one", "/ok/1"));

        Assert.Equal(["ok"], world.Ends());
    }

    [Theory]
    [InlineData(600 << 10, "")]
    [InlineData(5 << 20, "")]
    [InlineData(5 << 20, "chunked")]
    [InlineData(600 << 10, "gzip")]
    [InlineData(20 << 20, "gzip")]
    [InlineData(600 << 10, "br")]
    public async Task Of_an_immense_robots_txt_the_first_500_KiB_are_obeyed(int bytes, string sent)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        byte[] file = Packed(
            System.Text.Encoding.ASCII.GetBytes($"User-agent: *\nDisallow: /private/\n#{new string('x', bytes)}\nDisallow: /\n"),
            sent
        );
        web.Own["/robots.txt"] = async context =>
        {
            if (sent is "gzip" or "br")
                context.Response.Headers.ContentEncoding = sent;
            if (sent != "chunked")
                context.Response.ContentLength = file.Length;
            try
            {
                await context.Response.Body.WriteAsync(file);
            }
            catch (IOException)
            {
                // The crawler has read enough.
            }
        };
        File.WriteAllLines(world["urls.txt"], [web.Url("one", "/ok/1"), web.Url("one", "/private/2")]);

        await world.Crawl(world["urls.txt"]);

        Assert.Equal(["ok", "rejected/robots"], world.Ends());
    }

    [Fact]
    public async Task An_endless_robots_txt_is_cut_and_obeyed()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        web.Own["/robots.txt"] = async context =>
        {
            await context.Response.WriteAsync("User-agent: *\nDisallow: /private/\n");
            byte[] line = System.Text.Encoding.ASCII.GetBytes(new string('#', 8191) + "\n");
            try
            {
                while (!context.RequestAborted.IsCancellationRequested)
                    await context.Response.Body.WriteAsync(line, context.RequestAborted);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
                // The crawler has read enough.
            }
        };
        File.WriteAllLines(world["urls.txt"], [web.Url("one", "/ok/1"), web.Url("one", "/private/2")]);

        await world.Crawl(world["urls.txt"]);

        Assert.Equal(["ok", "rejected/robots"], world.Ends());
    }

    [Fact]
    public async Task A_robots_txt_that_is_not_packed_as_it_says_forbids_all()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        web.Own["/robots.txt"] = context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.WriteAsync("User-agent: *\nAllow: /\n");
        };

        await world.Crawl(web.Url("one", "/ok/1"));

        Assert.Equal(["rejected/robots_unreachable"], world.Ends());
    }

    [Fact]
    public async Task A_file_that_robots_txt_forbids_is_not_asked_for()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        web.Own["/robots.txt"] = context => context.Response.WriteAsync("User-agent: *\nDisallow: /.well-known/\n");

        await world.Crawl(web.Url("one", "/ok/1"));

        Assert.Equal(["ok"], world.Ends());
        Assert.False(web.Visits.ContainsKey("one.test/.well-known/tdmrep.json"));
    }

    [Theory]
    [InlineData("/", null, true)]
    [InlineData("/", false, false)]
    [InlineData("/a", null, false)]
    [InlineData("/a", true, true)]
    [InlineData("/private/a", true, true)]
    [InlineData("/ok/9", true, true)]
    public async Task Sitemaps_of_robots_txt_are_followed_from_a_whole_site_or_where_asked(string source, bool? asked, bool followed)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { RobotsSitemaps = asked } };
        Site(web);

        await world.Crawl(web.Url("one", source));

        string[] images = [.. world.Rows().Where(row => row["status"] == "ok").Select(row => new Uri(row["source"]!).AbsolutePath)];
        Assert.Equal(followed, images.Contains("/ok/7"));
        Assert.Equal(followed, images.Contains("/ok/8"));
        Assert.Equal(followed, web.Visits.ContainsKey("one.test/map.xml"));
        Assert.DoesNotContain("/ok/6", images);
    }

    [Fact]
    public async Task Addresses_of_a_list_bring_no_sitemaps()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { RobotsSitemaps = true } };
        Site(web);
        File.WriteAllLines(world["urls.txt"], [web.Url("one", "/ok/1"), web.Url("one", "/")]);

        await world.Crawl(world["urls.txt"]);

        Assert.False(web.Visits.ContainsKey("one.test/index.xml"));
    }

    [Fact]
    public async Task A_stopped_crawl_of_a_site_by_its_sitemaps_ends_as_an_undisturbed_one()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld whole = new(web),
            broken = new(web);
        Site(web);
        await whole.Crawl(web.Url("one", "/"));

        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            broken.Crawl(
                now =>
                {
                    if (now.Done == 1)
                        stop.Cancel();
                },
                stop.Token,
                web.Url("one", "/")
            )
        );
        await broken.Crawl(web.Url("one", "/"));

        Assert.Equal(whole.Files(), broken.Files());
    }

    private static byte[] Packed(byte[] file, string coding)
    {
        using MemoryStream packed = new();
        using (
            Stream stream = coding switch
            {
                "gzip" => new GZipStream(packed, CompressionLevel.Fastest, true),
                "br" => new BrotliStream(packed, CompressionLevel.Fastest, true),
                _ => packed,
            }
        )
            stream.Write(file);
        return packed.ToArray();
    }

    // A front page with one image; a sitemap index in robots.txt, its sitemap with an image and a page, which has an image and links on.
    private static void Site(FaultyWeb web)
    {
        Serve(
            web,
            "/robots.txt",
            $"User-agent: *\nDisallow: /private/\nSitemap: {web.Url("one", "/index.xml")}\nSitemap: {web.Url("one", "/private/map.xml")}\n"
        );
        Serve(web, "/", "<html><img src=/ok/1>");
        Serve(web, "/a", "<html><img src=/ok/1>");
        Serve(
            web,
            "/index.xml",
            $"<?xml version='1.0'?><sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>{web.Url("one", "/map.xml")}</loc></sitemap></sitemapindex>"
        );
        Serve(
            web,
            "/map.xml",
            $"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'><url><loc>{web.Url("one", "/b")}</loc><image:image><image:loc>{web.Url("one", "/ok/7")}</image:loc></image:image></url></urlset>"
        );
        Serve(web, "/b", "<html><img src=/ok/8><a href=/c>c</a>");
        Serve(web, "/c", "<html><img src=/ok/6>");
    }

    private static void Serve(FaultyWeb web, string path, string text) => web.Own[path] = context => context.Response.WriteAsync(text);
}
