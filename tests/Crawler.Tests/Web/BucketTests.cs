// Buckets of an S3-compatible service as sources.

using DataFreeKD.Storage;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class BucketTests
{
    [Fact]
    public async Task Every_image_and_archive_under_a_prefix_comes_in_page_by_page()
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        using WebWorld world = Anonymous(bucket);
        for (int i = 0; i < 8; i++)
            bucket.Objects[$"wild/{i}.bmp"] = CrawlWorld.Bitmap(20, 16, i);
        bucket.Objects["wild/none.bmp"] = "no image"u8.ToArray();
        bucket.Objects["wild/notes.txt"] = "notes"u8.ToArray();
        bucket.Objects["wild/folder/"] = [];
        bucket.Objects["wild/shard.tar"] = RemoteArchiveTests.Pack("x.tar", ("m.bmp", CrawlWorld.Bitmap(20, 16, 50)));
        bucket.Objects["tame/1.bmp"] = CrawlWorld.Bitmap(20, 16, 60);

        await world.Crawl("s3://photos/wild/");

        Assert.Equal(
            [
                .. Enumerable.Range(0, 8).Select(i => $"s3://photos/wild/{i}.bmp"),
                "s3://photos/wild/none.bmp",
                "s3://photos/wild/shard.tar::m.bmp",
                "s3://photos/wild/shard.tar",
            ],
            world.Rows().Select(row => row["source"])
        );
        Assert.Equal([.. Enumerable.Repeat("ok", 8), "failed/unknown_format", "ok", "rejected/archive"], world.Ends());
        Assert.Equal(4, bucket.Asked.Count(asked => asked == "list"));
        Assert.DoesNotContain("robots.txt", bucket.Asked);
    }

    [Fact]
    public async Task Keys_may_hold_any_character()
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        using WebWorld world = Anonymous(bucket);
        string[] keys =
        [
            "a b+c.bmp",
            "a//b.bmp",
            "per%20cent%2F.bmp",
            "q?x=1&y#z.bmp",
            "ü/日本.bmp",
            "line\nbreak.bmp",
            "c,\"d\".bmp",
            "e<&>.bmp",
            "x/../y.bmp",
            "../z.bmp",
            "./w.bmp",
            "(f)'*!~.bmp",
            "g::h.bmp",
        ];
        foreach ((int i, string key) in keys.Index())
            bucket.Objects[key] = CrawlWorld.Bitmap(20, 16, i);

        await world.Crawl("s3://photos");

        Assert.Equal(keys.Order(StringComparer.Ordinal).Select(key => $"s3://photos/{key}"), world.Rows().Select(row => row["source"]));
        Assert.All(world.Ends(), end => Assert.Equal("ok", end));
    }

    [Fact]
    public async Task What_cannot_be_read_has_a_row_with_its_reason_and_is_tried_once_more_when_asked()
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        using WebWorld world = Anonymous(bucket);
        for (int i = 0; i < 3; i++)
            bucket.Objects[$"{i}.bmp"] = CrawlWorld.Bitmap(20, 16, i);
        bucket.Gone.Add("0.bmp");
        bucket.Forbidden.Add("1.bmp");

        await world.Crawl("s3://photos/");
        Assert.Equal(["failed/http_404", "failed/http_403", "ok"], world.Ends());

        bucket.Gone.Clear();
        world.Options = world.Options with { RetryFailed = true };
        await world.Crawl();
        Assert.Equal(["ok", "failed/http_403", "ok"], world.Ends());
    }

    [Fact]
    public async Task A_closed_bucket_is_read_with_the_environments_credentials_and_no_signature_is_kept()
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        using WebWorld world = Anonymous(bucket);
        world.Options = world.Options with { Buckets = new BucketOptions { Endpoint = bucket.Endpoint } };
        bucket.Objects["a.bmp"] = CrawlWorld.Bitmap(20, 16, 1);
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "secret");
        try
        {
            await world.Crawl("s3://closed/a.bmp");
        }
        finally
        {
            Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", null);
            Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", null);
        }

        Assert.Equal(["ok"], world.Ends());
        Assert.DoesNotContain("Signature", File.ReadAllText(Path.Combine(world.Store, "manifest.csv")), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("s3://closed/", "access denied")]
    [InlineData("s3://nowhere/", "no such bucket")]
    [InlineData("s3://", "names no bucket")]
    public async Task A_bucket_that_cannot_be_listed_is_told_in_one_line(string source, string said)
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        using WebWorld world = Anonymous(bucket);

        CrawlException error = await Assert.ThrowsAsync<CrawlException>(() => world.Crawl(source));

        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.False(Directory.Exists(world["store/.crawl"]));
    }

    [Fact]
    public async Task An_inner_service_is_refused_unless_its_network_is_allowed()
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        using WebWorld world = Anonymous(bucket);
        world.Options = world.Options with { AllowedNetworks = [], Retries = 0 };

        CrawlException error = await Assert.ThrowsAsync<CrawlException>(() => world.Crawl("s3://photos/"));

        Assert.Contains("address_refused; check Endpoint and AllowedNetworks", error.Message, StringComparison.Ordinal);
        Assert.Empty(bucket.Asked);
    }

    [Fact]
    public async Task A_stopped_crawl_goes_on_with_the_listing_that_it_began_with()
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        using WebWorld whole = Anonymous(bucket),
            broken = Anonymous(bucket);
        for (int i = 0; i < 20; i++)
            bucket.Objects[$"{i:D2}.bmp"] = CrawlWorld.Bitmap(20, 16, i);
        await whole.Crawl("s3://photos/");

        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            broken.Crawl(
                now =>
                {
                    if (now.Done == 10)
                        stop.Cancel();
                },
                stop.Token,
                "s3://photos/"
            )
        );
        bucket.Objects["00-new.bmp"] = CrawlWorld.Bitmap(20, 16, 99);
        await broken.Crawl("s3://photos/");

        Assert.Equal(whole.Files(), broken.Files());
    }

    private static WebWorld Anonymous(FakeBucket bucket) =>
        new()
        {
            Options = WebWorld.Quick with
            {
                Resolve = null,
                Buckets = new BucketOptions { Endpoint = bucket.Endpoint, Anonymous = true },
            },
        };
}
