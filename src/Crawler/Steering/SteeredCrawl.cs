// A crawl with a budget, in rounds: each goes to the hosts, and on them to the pages, whose images were useful so far.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Journal;

namespace DataFreeKD.Crawler.Steering;

/// <summary>
/// Fetches a round, has its new images judged, learns, and adds the links that were found to what may be fetched. Everything follows from
/// the
/// seed and from what servers answer, not from when: earlier rounds are gone through again without fetching, and lead to the same state.
/// </summary>
/// <param name="options">The judge, the seed.</param>
/// <param name="budget">Fetches.</param>
/// <param name="frontier">What may be fetched, to begin with.</param>
/// <param name="log">Earlier rounds, and where new ones go.</param>
/// <param name="web">What a round needs of the web.</param>
/// <param name="contents">What the store has already, by <see cref="TextKey"/> of its SHA-256; added to.</param>
internal sealed class SteeredCrawl(
    SteeringOptions options,
    long budget,
    Frontier frontier,
    RoundLog log,
    RoundWeb web,
    HashSet<UInt128> contents
)
{
    private readonly RoundPlan plan = new(options.Seed);
    private readonly int round = options.RoundOf(budget);

    /// <summary>Spends the budget, or fetches all there is where it reaches that far.</summary>
    public async Task Run(CancellationToken cancel)
    {
        while (budget > 0)
        {
            SteeringRound? earlier = log.Read();
            IReadOnlyList<RoundShare> shares = earlier?.Shares ?? plan.Next(frontier, (int)Math.Min(round, budget));
            if (shares.Count == 0)
                return;
            List<Pick> picks =
            [
                .. shares.SelectMany(share =>
                    frontier.Take(share.Host, share.Page, share.Fetches).Select(target => new Pick(share, target))
                ),
            ];
            IReadOnlyList<JournalRow> rows = await web.Fetch([.. picks.Select(pick => pick.Target)]).ConfigureAwait(false);
            budget -= picks.Count;

            IReadOnlyList<SteeringVerdict> verdicts = Learn(picks, rows, earlier?.Figures, cancel);
            if (earlier is null)
                log.Add(new SteeringRound(shares, [.. verdicts.Select(verdict => verdict.Figures)]));
        }
    }

    // An image is worth what the judge says, a copy of an earlier one, or of one in the store, nothing; a page nothing unless it names
    // something new.
    private IReadOnlyList<SteeringVerdict> Learn(
        List<Pick> picks,
        IReadOnlyList<JournalRow> rows,
        IReadOnlyList<IReadOnlyList<double>>? figures,
        CancellationToken cancel
    )
    {
        double?[] worth = new double?[picks.Count];
        List<(int Pick, SteeringSample Sample)> images = new();
        for (int i = 0; i < picks.Count; i++)
        {
            worth[i] = 0;
            if (rows[i].Status == Status.Ok && contents.Add(TextKey.Of(rows[i].Sha256!)))
                images.Add((i, new SteeringSample(web.PathOf(rows[i]), picks[i].Share.Host, figures?[images.Count])));
            if ((rows[i].Reason == Reason.Page || rows[i].Sitemaps is not null) && Spread(picks[i].Target, rows[i]))
                worth[i] = null;
        }
        IReadOnlyList<SteeringVerdict> verdicts = images.Count > 0 ? options.Judge([.. images.Select(image => image.Sample)], cancel) : [];
        for (int i = 0; i < images.Count; i++)
            worth[images[i].Pick] = verdicts[i].Useful;
        foreach ((Pick pick, double? useful) in picks.Zip(worth))
        {
            if (useful is null)
                continue;
            plan.Reward(pick.Share, useful.Value);
        }
        plan.EndRound();
        return verdicts;
    }

    // Images speak for the page that names them, wherever they lie; pages for their own host.
    private bool Spread(WebTarget page, JournalRow row)
    {
        bool any = false;
        foreach (WebTarget link in web.Links(row))
        {
            frontier.Add(link.Depth < 0 ? page.Host : link.Host, page.Url, link);
            any = true;
        }
        return any;
    }

    private readonly record struct Pick(RoundShare Share, WebTarget Target);
}

/// <summary>What rounds need of the web.</summary>
/// <param name="Fetch">Gives the rows of targets, in their order: fetched, unless they have been before.</param>
/// <param name="Links">Gives the new addresses that a page names.</param>
/// <param name="PathOf">Gives the file of a stored image.</param>
internal sealed record RoundWeb(
    Func<IReadOnlyList<WebTarget>, Task<IReadOnlyList<JournalRow>>> Fetch,
    Func<JournalRow, IEnumerable<WebTarget>> Links,
    Func<JournalRow, string> PathOf
);
