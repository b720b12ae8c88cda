// The web part of a crawl: from addresses to stored images and journalled rows, level by level, resumable at any moment.

using System.Collections.Concurrent;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Steering;

namespace DataFreeKD.Crawler.Web;

/// <summary>
/// Level 0 is what the user named; the links found on a level's pages, in the order of the pages, are the next. Nothing depends on
/// the order in which servers answer, so that a crawl that was killed and run again ends as an undisturbed one.
/// </summary>
internal sealed class WebCrawl : IDisposable
{
    /// <summary>Levels beyond the depth asked for: a sitemap index, its sitemaps, their pages, the images.</summary>
    public const int ExtraLevels = 4;

    private readonly CrawlOptions options;
    private readonly WebSources sources;
    private readonly ImageStore store;
    private readonly CrawlState state;
    private readonly IReadOnlySet<UInt128> known;
    private readonly ResultSink results;
    private int levels;

    /// <param name="options">All options.</param>
    /// <param name="sources">The sources that are of the web.</param>
    /// <param name="known">Addresses that are passed over, by <see cref="TextKey"/>.</param>
    /// <param name="revisit">Rows of the manifest to fetch anew instead of <paramref name="sources"/>; null for none. Read once, and not
    /// when an interrupted crawl goes on.</param>
    /// <exception cref="CrawlException">The store's interrupted crawl had another plan, or another crawl is at work in it.</exception>
    public WebCrawl(CrawlOptions options, IReadOnlyList<string> sources, IReadOnlySet<UInt128> known, IEnumerable<WebTarget>? revisit)
    {
        (this.options, this.known) = (options, known);
        store = new ImageStore(options.Store);
        state = new CrawlState(options.Store, CrawlPlan.Of(options, sources));
        this.sources = new WebSources(options.Web, sources, state.StandardInput, state.Listing);
        results = new ResultSink(options, store, state.Members, known);
        if (state.Resumed)
            store.Sweep();
        if (revisit is not null && !state.HasTargets(0))
            state.WriteTargets(0, revisit);
    }

    /// <summary>Gives what the store has already, by <see cref="TextKey"/> of its SHA-256; asked by crawls that are steered.</summary>
    public Func<HashSet<UInt128>> Stored { get; init; } = () => [];

    /// <summary>Whether an interrupted crawl goes on.</summary>
    public bool Resumed => state.Resumed;

    /// <summary>Fetches everything that has no row yet.</summary>
    /// <param name="progress">Heard after every row, from any thread but one at a time.</param>
    /// <param name="cancel">Stops; what has a row keeps it.</param>
    public async Task Gather(IProgress<CrawlProgress>? progress, CancellationToken cancel)
    {
        await sources.KeepStandardInput(cancel).ConfigureAwait(false);
        await ListBuckets(cancel).ConfigureAwait(false);
        using HttpExchange http = new(options.Web, state.Scratch);
        CrawlTally told = new(progress);
        if (options.Web.Steering is { } steering)
        {
            await Steer(steering, http, told, cancel).ConfigureAwait(false);
            return;
        }
        long left = options.Web.MaxFetches ?? long.MaxValue;
        for (levels = 0; levels == 0 || state.HasTargets(levels); levels++)
        {
            left -= await Level(levels, left, http, told, cancel).ConfigureAwait(false);
            if (levels < (options.Web.Depth ?? 0) + ExtraLevels && !state.HasTargets(levels + 1))
                Deepen(cancel);
        }
    }

    /// <summary>What came of everything, after <see cref="Gather"/>.</summary>
    public CrawlRows Rows =>
        new(sources, levels, level => new JournalReader(state.Journal(level)), state.Members) { FirstLevelIsListed = !state.HasTargets(0) };

    /// <summary>The manifest is written: the crawl's own files go.</summary>
    public void Finish() => state.Finish();

    public void Dispose()
    {
        state.Dispose();
        results.Dispose();
        sources.Dispose();
    }

    // Gives the number of targets that the level took of the budget.
    private async Task<long> Level(int level, long budget, HttpExchange http, CrawlTally told, CancellationToken cancel)
    {
        using JournalReader done = new(state.Journal(level));
        told.Resume(done.Count);
        await using JournalWriter journal = new(state.Journal(level));
        using CrawlScheduler scheduler = new(
            options.Web,
            http,
            state.Spill,
            options.Limits.MaxBytes,
            async (target, fetched, stop) => _ = await results.Land(target, fetched, journal, told, stop).ConfigureAwait(false),
            cancel
        )
        {
            Archives = SinkOf,
            Sign = sources.Sign,
        };
        long taken = 0;
        HashSet<UInt128> asked = new();
        await scheduler
            .Run(
                Targets(level, cancel)
                    .Where(target => !Passed(target) && TargetRules.IsFirst(target, asked))
                    .TakeWhile(_ => taken++ < budget)
                    .Where(target => !done.Has(target.Ordinal))
            )
            .ConfigureAwait(false);
        return Math.Min(taken, budget);
    }

    // A steered crawl has one level: what is found takes the ordinals after what was named.
    private async Task Steer(SteeringOptions steering, HttpExchange http, CrawlTally told, CancellationToken cancel)
    {
        levels = 1;
        using Frontier frontier = new(state.Frontier);
        long ordinal = 0;
        HashSet<UInt128> asked = new();
        foreach (WebTarget target in Targets(0, cancel))
        {
            ordinal++;
            if (!Passed(target) && TargetRules.IsFirst(target, asked))
                frontier.Add(target.Host, target.Host, target);
        }
        using JournalReader done = new(state.Journal(0));
        told.Resume(done.Count);
        JournalWriter? journal = null;
        ConcurrentDictionary<long, JournalRow> landed = new();
        using CrawlScheduler scheduler = new(
            options.Web,
            http,
            state.Spill,
            options.Limits.MaxBytes,
            async (target, fetched, stop) =>
                landed[target.Ordinal] = await results.Land(target, fetched, journal!, told, stop).ConfigureAwait(false),
            cancel
        )
        {
            Archives = SinkOf,
            Sign = sources.Sign,
        };
        using RoundLog log = new(state.Rounds);
        Lazy<LinkSet> links = new(() => new LinkSet(options.Web.MaxPages, Targets(0, cancel), []));
        await new SteeredCrawl(
            steering,
            options.Web.MaxFetches!.Value,
            frontier,
            log,
            new RoundWeb(Fetch, Links, row => store.PathOf(row.Sha256!, row.Format!)),
            Stored()
        )
            .Run(cancel)
            .ConfigureAwait(false);

        // What a round has learnt is written after its rows, so these are closed, and safe, by then.
        async Task<IReadOnlyList<JournalRow>> Fetch(IReadOnlyList<WebTarget> targets)
        {
            landed.Clear();
            WebTarget[] left = [.. targets.Where(target => !done.Has(target.Ordinal))];
            if (left.Length > 0)
            {
                await using (journal = new JournalWriter(state.Journal(0)))
                    await scheduler.Run(left).ConfigureAwait(false);
            }
            return [.. targets.Select(target => done.Has(target.Ordinal) ? done.Read(target.Ordinal) : landed[target.Ordinal])];
        }

        IEnumerable<WebTarget> Links(JournalRow page) =>
            links.Value.New(page).Where(link => !Passed(link)).Select(link => link with { Ordinal = ordinal++ });
    }

    private IEnumerable<WebTarget> Targets(int level, CancellationToken cancel) =>
        level == 0 && !state.HasTargets(0) ? sources.Named(cancel).Select(named => named.Target) : state.ReadTargets(level);

    // Only what the user named is level 0, so the ordinal tells archives apart.
    private ArchiveSink? SinkOf(WebTarget target) => TargetRules.SinkOf(target, state.Archives, options.Web);

    private bool Passed(WebTarget target) => target.Replaces is null && known.Contains(TextKey.Of(target.Url));

    // The links of a level's pages become the next level, each address once.
    private void Deepen(CancellationToken cancel)
    {
        using JournalReader journal = new(state.Journal(levels));
        if (!journal.Rows().Any(row => row.Images?.Count > 0 || row.Pages?.Count > 0 || row.Sitemaps?.Count > 0))
            return;
        LinkSet links = new(
            options.Web.MaxPages,
            Targets(0, cancel),
            Enumerable.Range(1, levels).SelectMany(level => Targets(level, cancel))
        );
        state.WriteTargets(levels + 1, journal.Rows().SelectMany(links.New).Select((link, ordinal) => link with { Ordinal = ordinal }));
    }

    private async Task ListBuckets(CancellationToken cancel)
    {
        try
        {
            await sources.ListBuckets(cancel).ConfigureAwait(false);
        }
        catch (CrawlException) when (!Resumed)
        {
            // Nothing was begun that other options would have to go on with.
            state.Finish();
            throw;
        }
    }
}
