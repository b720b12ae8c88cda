// Shards as a crawl reads them.

using System.Text.Json.Nodes;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Tests;

public sealed class ShardTests
{
    [Fact]
    public void A_crawl_reads_a_shard_back()
    {
        using CrawlWorld world = new();
        using (ShardWriter writer = new(world["shards"], 1))
            writer.Add(
                new ShardSample(
                    "k0",
                    ImageWriter.EncodePng(StoredImages.Photo(20, 16)),
                    "png",
                    "a dog",
                    new JsonObject { ["width"] = 20 },
                    Class: 3
                )
            );
        CrawlSummary summary = world.Crawl([world["shards/00000.tar"]]);
        Assert.Equal(1, summary.Counts["ok"]);
    }
}
