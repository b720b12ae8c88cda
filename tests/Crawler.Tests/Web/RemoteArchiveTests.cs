// Archives on the web: their members come in as those of local ones do, whatever happens on the way.

using System.Formats.Tar;
using System.IO.Compression;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class RemoteArchiveTests
{
    [Theory]
    [InlineData("/shard-0001.tar")]
    [InlineData("/shard-0001.tar.gz")]
    [InlineData("/shard-0001.zip")]
    [InlineData("/download")]
    public async Task Every_member_and_the_archive_have_a_row(string path)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        string url = web.Url("one", path);
        Serve(
            web,
            path,
            Pack(
                path,
                ("a.bmp", CrawlWorld.Bitmap(20, 16, 1)),
                ("a.txt", "label"u8.ToArray()),
                ("b.bmp", "no image"u8.ToArray()),
                ("c/d.bmp", CrawlWorld.Bitmap(20, 16, 2)),
                ("e.bmp", CrawlWorld.Bitmap(20, 16, 1))
            )
        );

        await world.Crawl(url, web.Url("one", "/ok/9"));

        Assert.Equal(
            [$"{url}::a.bmp", $"{url}::b.bmp", $"{url}::c/d.bmp", $"{url}::e.bmp", url, web.Url("one", "/ok/9")],
            world.Rows().Select(row => row["source"])
        );
        Assert.Equal(["ok", "failed/unknown_format", "ok", "duplicate/same_content", "rejected/archive", "ok"], world.Ends());
        Assert.False(Directory.Exists(world["store/.crawl"]));

        await world.Crawl(url);
        Assert.Equal(1, web.Visits[$"one.test{path}"]);
    }

    [Fact]
    public async Task What_lies_beside_a_member_becomes_columns()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        Serve(
            web,
            "/wd.tar",
            Pack(
                "/wd.tar",
                ("0.bmp", CrawlWorld.Bitmap(20, 16, 1)),
                ("0.cls", "3"u8.ToArray()),
                ("0.txt", "a dog"u8.ToArray()),
                ("0.json", "{\"n\": 1}"u8.ToArray())
            )
        );

        await world.Crawl(web.Url("one", "/wd.tar"));

        Assert.Equal(
            ("a dog", "3", "{\"n\": 1}", "ok"),
            (world.Rows()[0]["caption"], world.Rows()[0]["label"], world.Rows()[0]["metadata"], world.Rows()[0]["status"])
        );
    }

    [Fact]
    public async Task An_address_that_is_listed_again_is_fetched_once_and_every_row_is_kept()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        string good = web.Url("one", "/ok/9"),
            bad = web.Url("one", "/404/9");
        File.WriteAllText(world["list.csv"], $"url,caption\n{good},one\n{bad},gone\n{good},two\n{bad},gone too\nnothing,x\nnothing,y\n");

        await world.Crawl(world["list.csv"]);

        Assert.Equal(["one", "gone", "two", "gone too", "x", "y"], world.Rows().Select(row => row["caption"]));
        List<string> ends = [.. world.Ends()];
        Assert.Equal(
            ("ok", "duplicate/same_content", ends[1], "failed/bad_url", "failed/bad_url"),
            (ends[0], ends[2], ends[3], ends[4], ends[5])
        );
        Assert.StartsWith("failed/", ends[1], StringComparison.Ordinal);
        Assert.Equal(1, web.Visits["one.test/ok/9"]);

        await world.Crawl(world["list.csv"]);
        Assert.Equal(1, web.Visits["one.test/ok/9"]);
        Assert.Equal(6, world.Rows().Count);
    }

    [Fact]
    public async Task Hostile_members_are_refused_and_touch_nothing()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        Serve(
            web,
            "/evil.zip",
            Pack(
                "/evil.zip",
                ("../../escaped.bmp", CrawlWorld.Bitmap(20, 16, 1)),
                ("bomb.bmp", new byte[4 << 20]),
                ("good.bmp", CrawlWorld.Bitmap(20, 16, 2))
            )
        );

        await world.Crawl(web.Url("one", "/evil.zip"));

        Assert.Equal(["failed/unsafe_path", "failed/too_large", "ok", "rejected/archive"], world.Ends());
        Assert.False(File.Exists(world["escaped.bmp"]));
    }

    [Theory]
    [InlineData("/cut.tar", 5_000)]
    [InlineData("/cut.tar.gz", 3_500)]
    public async Task A_damaged_archive_keeps_its_whole_members_and_says_so_in_its_own_row(string path, int length)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        Serve(web, path, Pack(path, [.. Enumerable.Range(0, 8).Select(i => ($"{i}.bmp", CrawlWorld.Bitmap(20, 16, i)))])[..length]);

        await world.Crawl(web.Url("one", path));

        string[] ends = [.. world.Ends()];
        Assert.All(ends[..^1], end => Assert.Equal("ok", end));
        Assert.InRange(ends.Length, 2, 8);
        Assert.Equal("failed/truncated", ends[^1]);
        Assert.Equal(web.Url("one", path), world.Rows()[^1]["source"]);
    }

    [Fact]
    public async Task An_archive_that_never_comes_whole_has_no_members()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        byte[] tar = Pack("/x.tar", ("a.bmp", CrawlWorld.Bitmap(20, 16, 1)));
        web.Own["/x.tar"] = async context =>
        {
            context.Response.ContentLength = tar.Length;
            await context.Response.Body.WriteAsync(tar.AsMemory(0, 3000));
            await context.Response.Body.FlushAsync();
            context.Abort();
        };

        await world.Crawl(web.Url("one", "/x.tar"));

        string end = Assert.Single(world.Ends());
        Assert.Contains(end, new[] { "failed/truncated_body", "failed/reset" });
        Assert.Equal(3, web.Visits["one.test/x.tar"]);
    }

    [Fact]
    public async Task A_download_that_broke_off_goes_on_from_there()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        byte[] tar = Pack("/x.tar", [.. Enumerable.Range(0, 30).Select(i => ($"{i:D2}.bmp", CrawlWorld.Bitmap(20, 16, i)))]);
        List<string> ranges = [];
        web.Own["/x.tar"] = async context =>
        {
            context.Response.Headers.ETag = "\"v1\"";
            string range = context.Request.Headers.Range.ToString();
            lock (ranges)
                ranges.Add(range);
            int from = range.Length == 0 ? 0 : int.Parse(range["bytes=".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(from == 0 || context.Request.Headers.IfRange == "\"v1\"");
            if (from > 0)
            {
                context.Response.StatusCode = 206;
                context.Response.Headers.ContentRange = $"bytes {from}-{tar.Length - 1}/{tar.Length}";
            }
            context.Response.ContentLength = tar.Length - from;
            await context.Response.Body.WriteAsync(tar.AsMemory(from, from == 0 ? 25_000 : tar.Length - from));
            await context.Response.Body.FlushAsync();
            if (from > 0)
                return;
            // A reset takes along what the other side has not read yet.
            await Task.Delay(300);
            context.Abort();
        };

        await world.Crawl(web.Url("one", "/x.tar"));

        Assert.Equal(2, ranges.Count);
        Assert.Equal("", ranges[0]);
        Assert.Matches("^bytes=[1-9][0-9]*-$", ranges[1]);
        Assert.Equal(30, world.Ends().Count(end => end == "ok"));
        Assert.Equal("rejected/archive", world.Ends().Last());
    }

    [Fact]
    public async Task A_download_takes_longer_than_any_other_answer_may_as_long_as_bytes_come()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { BodyTimeout = TimeSpan.FromSeconds(1) } };
        byte[] tar = Pack("/x.tar", ("a.bmp", CrawlWorld.Bitmap(20, 16, 1)), ("b.bmp", CrawlWorld.Bitmap(300, 100, 2)));
        web.Own["/x.tar"] = async context =>
        {
            for (int at = 0; at < tar.Length; at += 20_000)
            {
                await context.Response.Body.WriteAsync(tar.AsMemory(at, Math.Min(20_000, tar.Length - at)));
                await context.Response.Body.FlushAsync();
                await Task.Delay(300);
            }
        };
        web.Own["/stall.tar"] = async context =>
        {
            await context.Response.Body.WriteAsync(tar.AsMemory(0, 20_000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };

        await world.Crawl(web.Url("one", "/x.tar"), web.Url("two", "/stall.tar"));

        Assert.Equal(["ok", "ok", "rejected/archive", "failed/timeout"], world.Ends());
    }

    [Fact]
    public async Task An_archive_has_a_cap_of_its_own_and_is_welcome_only_where_it_is_a_source()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web) { Options = WebWorld.Quick with { MaxArchiveBytes = 50_000 } };
        byte[] large = Pack("/large.tar", ("a.bmp", CrawlWorld.Bitmap(200, 100, 1)));
        Serve(web, "/large.tar", large);
        web.Own["/large-unsaid.tar"] = async context =>
        {
            await context.Response.Body.WriteAsync(large.AsMemory(0, 40_000));
            await context.Response.Body.FlushAsync();
            await context.Response.Body.WriteAsync(large.AsMemory(40_000));
        };
        Serve(web, "/private/x.tar", large);
        Serve(web, "/listed.tar", Pack("/listed.tar", ("a.bmp", CrawlWorld.Bitmap(20, 16, 1))));
        File.WriteAllLines(world["urls.txt"], [web.Url("one", "/listed.tar")]);

        await world.Crawl(
            web.Url("one", "/large.tar"),
            web.Url("one", "/large-unsaid.tar"),
            web.Url("one", "/private/x.tar"),
            web.Url("inner", "/x.tar"),
            world["urls.txt"]
        );

        Assert.Equal(
            ["failed/too_large", "failed/too_large", "rejected/robots", "rejected/address_refused", "failed/unknown_format"],
            world.Ends()
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(25)]
    [InlineData(41)]
    public async Task A_stopped_crawl_run_again_ends_with_the_same_store(int after)
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld whole = new(web),
            broken = new(web);
        string[] sources = [web.Url("one", "/a.tar"), web.Url("one", "/ok/3"), web.Url("two", "/b.zip")];
        Serve(
            web,
            "/a.tar",
            Pack("/a.tar", [.. Enumerable.Range(0, 20).Select(i => ($"{i:D2}.bmp", i == 5 ? [] : CrawlWorld.Bitmap(20, 16, i % 15)))])
        );
        Serve(web, "/b.zip", Pack("/b.zip", [.. Enumerable.Range(0, 20).Select(i => ($"{i:D2}.bmp", CrawlWorld.Bitmap(20, 16, i + 10)))]));
        await whole.Crawl(sources);

        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            broken.Crawl(
                now =>
                {
                    if (now.Done == after)
                        stop.Cancel();
                },
                stop.Token,
                sources
            )
        );
        await broken.Crawl(sources);

        Assert.Equal(43, whole.Rows().Count);
        Assert.Equal(whole.Files(), broken.Files());
    }

    [Fact]
    public async Task A_failed_archive_is_tried_once_more_and_its_new_members_are_added()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using WebWorld world = new(web);
        byte[] tar = Pack("/x.tar", [.. Enumerable.Range(0, 6).Select(i => ($"{i}.bmp", CrawlWorld.Bitmap(20, 16, i)))]);
        Serve(web, "/x.tar", tar[..5_000]);
        await world.Crawl(web.Url("one", "/x.tar"), web.Url("one", "/ok/1"));
        int before = world.Ends().Count(end => end == "ok");
        Serve(web, "/x.tar", tar);

        world.Options = WebWorld.Quick with { RetryFailed = true };
        await world.Crawl();

        Assert.InRange(before, 2, 6);
        Assert.Equal(7, world.Ends().Count(end => end is "ok" or "duplicate/same_content"));
        Assert.Equal(1, world.Ends().Count(end => end == "rejected/archive"));
        Assert.Equal(world.Rows().Count, world.Rows().Select(row => row["source"]).Distinct().Count());
    }

    private static void Serve(FaultyWeb web, string path, byte[] bytes) =>
        web.Own[path] = context =>
        {
            context.Response.ContentLength = bytes.Length;
            return context.Response.Body.WriteAsync(bytes).AsTask();
        };

    internal static byte[] Pack(string path, params (string Name, byte[] Bytes)[] members)
    {
        using MemoryStream packed = new();
        if (path.EndsWith(".zip", StringComparison.Ordinal))
        {
            using ZipArchive zip = new(packed, ZipArchiveMode.Create, leaveOpen: true);
            foreach ((string name, byte[] bytes) in members)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        }
        else
        {
            using Stream? gzip = path.EndsWith("gz", StringComparison.Ordinal)
                ? new GZipStream(packed, CompressionLevel.NoCompression, leaveOpen: true)
                : null;
            using TarWriter tar = new(gzip ?? packed, leaveOpen: true);
            foreach ((string name, byte[] bytes) in members)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
        }
        return packed.ToArray();
    }
}
