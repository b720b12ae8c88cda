// dfkd crawl --engine: the plan, a queue a round, and the manifest at the end.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Crawler;
using DataFreeKD.Crawler.Sharding;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Engine;

/// <summary>Has the partitions of a crawl fetched by the workers of an engine.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Lease">How long a worker's partition is its own after it was heard of last.</param>
/// <param name="Partitions">Partitions of a new plan; null for as many as suit.</param>
/// <param name="RetryFailed">Whether partitions are tried again that failed before.</param>
internal sealed record CrawlCoordinator(EngineOptions Engine, TimeSpan Lease, int? Partitions, bool RetryFailed)
{
    /// <summary>Runs to the end.</summary>
    public CrawlSummary Run(CrawlOptions options, Action<string> note, IProgress<FleetProgress>? progress, CancellationToken cancel)
    {
        // Before lists are read.
        Blocking.Wait(() => Coordinator.CheckAsync(Engine, cancel));
        using ShardedCrawl crawl = new(options, note, cancel);
        CrawlShardPlan plan = crawl.Plan(Partitions, cancel);
        CrawlJob.Of(options).Write(crawl.Folder);
        bool retry = RetryFailed;
        while (crawl.Advance(cancel) is { End: false } round)
        {
            if (retry)
                crawl.RetryFailed(round);
            retry = false;
            FleetRun run = new()
            {
                Stage = CrawlStage.Stage,
                Folder = crawl.Folder,
                Plan = crawl.Sha256Of(round),
                Version = plan.Version,
                Profile = "",
                Shards = plan.Partitions,
                Rows = round.Partitions.Values.Sum(),
            };
            CoordinatorOptions coordination = Coordination.Of(() => Look(crawl, round, options.Store), Lease, note, progress);
            ShardStanding standing = Blocking.Wait(() => Coordinator.RunAsync(Engine, run, coordination, cancel));
            // The end says which.
            if (standing.Failed.Count > 0)
                break;
        }
        return Blocking.Wait(() => crawl.FinishAsync(null, cancel));
    }

    private static ShardStanding Look(ShardedCrawl crawl, CrawlRound round, string store) =>
        ShardedCrawl.IsPlanned(store) ? crawl.Look(round) : throw Coordination.Ended(crawl.Folder);
}
