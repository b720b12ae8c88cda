// Partitions of a crawl as a worker of the engine fetches them.

using System.Net;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Crawler;
using DataFreeKD.Crawler.Sharding;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Web;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Engine;

/// <summary>Fetches partitions.</summary>
/// <param name="threads">CPU threads that decode.</param>
/// <param name="networks">Private networks that jobs may ask for.</param>
internal sealed class CrawlStage(int threads, IReadOnlyList<IPNetwork> networks) : IShardStage
{
    /// <summary>The stage's name.</summary>
    public const string Stage = "crawl";

    private readonly OpenPlan<Opened> plan = new();

    public string Name => Stage;

    public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
    {
        (ShardedCrawl crawl, CrawlRound round) = plan.Of(message, () => Load(message, root, cancel));
        return crawl.One(round, message.Shard, new CrawlTally(new Told(rows)), holds, cancel);
    }

    public void Dispose() => plan.Dispose();

    private Opened Load(ShardMessage message, PoolRoot root, CancellationToken cancel)
    {
        CrawlOptions options = CrawlJob.Read(message.Folder).Crawl with { Workers = threads };
        message.RequireFolder(CrawlShardPlan.FolderOf(options.Store), options.Store);
        root.Require(options.Store);
        foreach (IPNetwork network in options.Web.AllowedNetworks)
        {
            if (!networks.Any(allowed => Holds(allowed, network)))
                throw new UsageException($"it may speak to {network}, and this worker may not; give workers --allow-network {network}");
        }
        // Before any of them is opened.
        foreach (
            string source in options.Sources.Where(source => !WebSources.IsAddress(source)).Append(options.Web.CaFile).OfType<string>()
        )
            root.Require(source);
        ShardedCrawl crawl = new(options, cancel: cancel);
        try
        {
            crawl.Plan(cancel: cancel);
            return new Opened(
                crawl,
                crawl.Find(message.Plan) ?? throw new UsageException($"{message.Folder} has no round that was queued so: it was begun anew")
            );
        }
        catch
        {
            crawl.Dispose();
            throw;
        }
    }

    private static bool Holds(IPNetwork allowed, IPNetwork network) =>
        allowed.PrefixLength <= network.PrefixLength && allowed.Contains(network.BaseAddress);

    private sealed record Opened(ShardedCrawl Crawl, CrawlRound Round) : IDisposable
    {
        public void Dispose() => Crawl.Dispose();
    }

    private sealed class Told(Action<long> rows) : IProgress<CrawlProgress>
    {
        public void Report(CrawlProgress value) => rows(value.Done);
    }
}
