// What a worker makes of a crawl's plan, and what it refuses of one that is not for its machine.

using System.Net;
using DataFreeKD.Cli.Engine;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Crawler;
using DataFreeKD.Crawler.Sharding;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

public sealed class CrawlStageTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_options_come_back_as_they_were_given()
    {
        File.WriteAllText(folder["urls.txt"], "http://example.test/1\n");
        CrawlOptions options = Options() with
        {
            NearDuplicateRadius = 3,
            ImagesPerShard = 100,
            Limits = new DecodeLimits
            {
                MaxBytes = 1 << 20,
                Formats = new HashSet<string> { "tiff", "tga" },
            },
            Reencode = new ReencodeOptions(64, ResizeMode.Crop, true, EncodeFormat.Webp, 90, false),
            Web = new WebOptions
            {
                Contact = "me@example.org",
                AllowedNetworks = [IPNetwork.Parse("10.0.0.0/8")],
                Delay = TimeSpan.FromSeconds(0.25),
                Depth = 2,
                MaxFetches = 7,
                Buckets = new() { Endpoint = new Uri("https://example.test/") },
            },
        };
        CrawlJob.Of(options).Write(folder.Path);

        CrawlOptions read = CrawlJob.Read(folder.Path).Crawl;

        Assert.Equal(OptionsText.All(options, options.Web, options.Limits), OptionsText.All(read, read.Web, read.Limits));
    }

    [Fact]
    public void What_lies_outside_the_root_and_networks_that_the_worker_may_not_ask_are_refused()
    {
        Directory.CreateDirectory(folder["pool"]);
        File.WriteAllText(folder["urls.txt"], "http://127.77.0.1:9/1\n");
        CrawlOptions options = Options() with
        {
            Store = folder["pool/store"],
            Web = new WebOptions { AllowedNetworks = [IPNetwork.Parse("127.0.0.0/8")], Retries = 0 },
        };
        using ShardedCrawl crawl = new(options);
        CrawlShardPlan plan = crawl.Plan(cancel: TestContext.Current.CancellationToken);
        CrawlRound round = crawl.Advance(TestContext.Current.CancellationToken);
        CrawlJob.Of(options).Write(crawl.Folder);
        ShardMessage message = new()
        {
            Stage = CrawlStage.Stage,
            Run = "store",
            Folder = crawl.Folder,
            Plan = crawl.Sha256Of(round),
            Shard = 0,
            Attempt = 0,
            Version = plan.Version,
            Profile = "",
        };
        using CrawlStage shy = new(1, [IPNetwork.Parse("10.0.0.0/8")]),
            able = new(1, [IPNetwork.Parse("127.0.0.0/8")]);

        Assert.Contains("this worker may not", Refused(shy, message, folder.Path), StringComparison.Ordinal);
        Assert.Contains("is not within --root", Refused(able, message, folder["pool"]), StringComparison.Ordinal);
        Assert.Contains("begun anew", Refused(able, message with { Plan = "other" }, folder.Path), StringComparison.Ordinal);
        Assert.Equal(ShardOutcome.Done, Run(able, message, folder.Path));
        Assert.Equal(ShardOutcome.Done, Run(able, message, folder.Path));
        Assert.True(crawl.Advance(TestContext.Current.CancellationToken).End);
    }

    private static string Refused(CrawlStage stage, ShardMessage message, string root) =>
        Assert.Throws<ShardRefusedException>(() => Run(stage, message, root)).Message;

    private static ShardOutcome Run(CrawlStage stage, ShardMessage message, string root) =>
        stage.Run(message, new PoolRoot(root), _ => { }, () => true, TestContext.Current.CancellationToken);

    private CrawlOptions Options() => new() { Sources = [folder["urls.txt"]], Store = folder["store"] };
}
