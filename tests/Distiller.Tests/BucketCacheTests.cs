// A cache in shards whose plan and parts lie in a bucket is that of one process.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Sharding;
using DataFreeKD.Storage;
using DataFreeKD.Testing;

namespace DataFreeKD.Distiller.Tests;

public sealed class BucketCacheTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task Shares_and_a_finish_give_the_bytes_of_one_process(int processes)
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        bucket.PageSize = 1000;
        using TempFolder folder = new();
        CacheOptions options = Options(bucket, folder["c"]);
        CacheRun.Execute(options with { Output = folder["whole"], Parts = null }, cancel: Token);
        for (int index = processes - 1; index > 0; index--)
            Share(options, index, processes);
        if (processes > 1)
            Assert.Equal(ShardProblem.Missing, Assert.Throws<ShardException>(() => CacheShards.Finish(options, Token)).Problem);
        Assert.Equal((10, 10), (Share(options, 0, processes).Shards, Share(options, 0, 1).Finished));

        CacheShards.Finish(options, Token);

        Assert.Equal(await File.ReadAllBytesAsync(folder["whole"], Token), await File.ReadAllBytesAsync(options.Output, Token));
        Assert.False(Directory.Exists(options.Output + ".parts"));
        Assert.Equal(["caches/a/ended.json"], bucket.Objects.Keys);
        File.Delete(options.Output);
        Assert.Contains(
            $"s3://photos/caches/a: it was finished as {options.Output}, by ",
            Assert.Throws<DistillException>(() => Share(options, 0, 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task One_process_finishes_what_shares_began_and_another_plan_is_refused()
    {
        await using FakeBucket bucket = await FakeBucket.Start();
        bucket.PageSize = 1000;
        using TempFolder folder = new();
        CacheOptions options = Options(bucket, folder["c"]);
        CacheRun.Execute(options with { Output = folder["whole"], Parts = null }, cancel: Token);
        Share(options, 1, 3);
        Assert.Contains(
            "s3://photos/caches/a/plan.json has 30 steps and this process 20",
            Assert.Throws<DistillException>(() => Share(options with { Steps = 20 }, 0, 3)).Message,
            StringComparison.Ordinal
        );

        CacheSummary summary = CacheRun.Execute(options with { Resume = true }, cancel: Token);

        Assert.Equal(3 * 48L, summary.ResumedFrom);
        Assert.Equal(await File.ReadAllBytesAsync(folder["whole"], Token), await File.ReadAllBytesAsync(options.Output, Token));
    }

    private static ShardSummary Share(CacheOptions options, int index, int count) =>
        CacheShards.Work(options, new ShardShare(index, count), 48, cancel: Token);

    private CacheOptions Options(FakeBucket bucket, string output) =>
        new()
        {
            Output = output,
            Selection = world.Selection,
            Teacher = world.Teacher,
            Steps = 30,
            BatchSize = 16,
            Flip = 0,
            Parts = new PartsBucket
            {
                Address = "s3://photos/caches/a",
                Service = new BucketOptions { Endpoint = bucket.Endpoint, Anonymous = true },
            },
        };
}
