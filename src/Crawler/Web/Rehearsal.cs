// A crawl of the web that fetches nothing but what says whether it may.

using System.Globalization;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Steering;

namespace DataFreeKD.Crawler.Web;

internal static class Rehearsal
{
    /// <summary>Says what would be fetched of what the user named, after a look at each origin's robots.txt and reservations; of a crawl
    /// that is steered, the first round. Nothing is stored.</summary>
    /// <param name="options">All options.</param>
    /// <param name="sources">The sources that are of the web.</param>
    /// <param name="known">Addresses that would be passed over.</param>
    /// <param name="tell">Hears of every address once, as they are decided, one at a time.</param>
    /// <param name="cancel">Stops.</param>
    public static async Task Run(
        CrawlOptions options,
        IReadOnlyList<string> sources,
        IReadOnlySet<UInt128> known,
        Action<PlannedFetch> tell,
        CancellationToken cancel
    )
    {
        Lock gate = new();
        long budget = options.Web.MaxFetches ?? long.MaxValue;
        string scratch = ScratchFolder.NewFolder("dfkd-dry-run-");
        using WebSources named = new(options.Web, sources, "-", source =>
            Path.Combine(scratch, source.ToString(CultureInfo.InvariantCulture))
        );
        try
        {
            using HttpExchange http = new(options.Web, scratch);
            await named.ListBuckets(cancel).ConfigureAwait(false);
            using CrawlScheduler scheduler = new(
                options.Web with
                {
                    DryRun = true,
                },
                http,
                Path.Combine(scratch, "spill"),
                options.Limits.MaxBytes,
                (target, fetched, _) => Tell(target, fetched.Reason!),
                cancel
            );
            IEnumerable<WebTarget> targets = named.Named(cancel).Select(named => named.Target);
            if (options.Web.Steering is { } steering)
            {
                using Frontier frontier = new(Path.Combine(scratch, "frontier"));
                foreach (WebTarget target in targets.Where(target => !known.Contains(TextKey.Of(target.Url))))
                    frontier.Add(target.Host, target.Host, target);
                IReadOnlyList<RoundShare> round = new RoundPlan(steering.Seed).Next(
                    frontier,
                    (int)Math.Min(steering.RoundOf(budget), budget)
                );
                await scheduler
                    .Run([.. round.SelectMany(share => frontier.Take(share.Host, share.Page, share.Fetches))])
                    .ConfigureAwait(false);
                return;
            }
            long taken = 0;
            await scheduler
                .Run(
                    targets
                        .Where(target =>
                        {
                            if (!known.Contains(TextKey.Of(target.Url)))
                                return true;
                            _ = Tell(target, "known");
                            return false;
                        })
                        .TakeWhile(_ => taken++ < budget)
                )
                .ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }

        Task Tell(WebTarget target, string decision)
        {
            lock (gate)
                tell(new PlannedFetch(target.Url, decision));
            return Task.CompletedTask;
        }
    }
}
