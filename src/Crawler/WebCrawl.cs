// The web part of a crawl: from addresses to stored images and journalled rows, level by level, resumable at any moment.

using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataFreeKD.Crawler.Buckets;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Pages;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Steering;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler;

/// <summary>A row of the web for the manifest.</summary>
/// <param name="Row">How the target ended.</param>
/// <param name="Columns">What the list that named it says of it; null elsewhere.</param>
internal sealed record WebRow(JournalRow Row, IReadOnlyDictionary<string, string?>? Columns);

/// <summary>
/// Level 0 is what the user named; the links found on a level's pages, in the order of the pages, are the next. Nothing depends on
/// the order in which servers answer, so that a crawl that was killed and run again ends as an undisturbed one.
/// </summary>
internal sealed class WebCrawl : IDisposable
{
    /// <summary>Levels beyond the depth asked for: a sitemap index, its sitemaps, their pages, the images.</summary>
    private const int ExtraLevels = 4;

    private readonly CrawlOptions options;
    private readonly IReadOnlyList<string> sources;
    private readonly ImageStore store;
    private readonly CrawlState state;
    private readonly IReadOnlySet<UInt128> known;
    private readonly SemaphoreSlim decoders;
    private readonly ArchiveMembers members;
    private readonly Lazy<BucketService> buckets;
    private int levels;

    /// <param name="options">All options.</param>
    /// <param name="sources">The sources that are of the web.</param>
    /// <param name="known">Addresses that are passed over, by <see cref="KeyOf"/>.</param>
    /// <param name="revisit">Rows of the manifest to fetch anew instead of <paramref name="sources"/>; null for none. Read once, and not when an interrupted crawl goes on.</param>
    /// <exception cref="CrawlException">The store's interrupted crawl had another plan, or another crawl is at work in it.</exception>
    public WebCrawl(CrawlOptions options, IReadOnlyList<string> sources, IReadOnlySet<UInt128> known, IEnumerable<WebTarget>? revisit)
    {
        (this.options, this.sources, this.known) = (options, sources, known);
        store = new ImageStore(options.Store);
        decoders = new SemaphoreSlim(options.Workers);
        state = new CrawlState(options.Store, Plan());
        members = new ArchiveMembers(options, store, state, known);
        buckets = new Lazy<BucketService>(() => new BucketService(options.Web));
        if (state.Resumed) store.Sweep();
        if (revisit is not null && !state.HasTargets(0)) state.WriteTargets(0, revisit);
    }

    /// <summary>Gives what the store has already, by <see cref="KeyOf"/> of its SHA-256; asked by crawls that are steered.</summary>
    public Func<HashSet<UInt128>> Stored { get; init; } = () => [];

    /// <summary>Whether an interrupted crawl goes on.</summary>
    public bool Resumed => state.Resumed;

    /// <summary>Whether a source is of the web.</summary>
    public static bool Fits(string source) => IsAddress(source) || BucketName.Fits(source) || UrlList.Fits(source);

    /// <summary>Tells addresses apart in sixteen bytes.</summary>
    public static UInt128 KeyOf(string url)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(url), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    /// <summary>Fetches everything that has no row yet.</summary>
    /// <param name="progress">Heard after every row, from any thread but one at a time.</param>
    /// <param name="cancel">Stops; what has a row keeps it.</param>
    public async Task Gather(IProgress<CrawlProgress>? progress, CancellationToken cancel)
    {
        if (sources.Contains("-") && !File.Exists(state.StandardInput)) await KeepStandardInput(cancel).ConfigureAwait(false);
        await ListBuckets(cancel).ConfigureAwait(false);
        using var http = new HttpExchange(options.Web, state.Scratch);
        var told = new Tally(progress);
        if (options.Web.Steering is { } steering)
        {
            await Steer(steering, http, told, cancel).ConfigureAwait(false);
            return;
        }
        long left = options.Web.MaxFetches ?? long.MaxValue;
        for (levels = 0; levels == 0 || state.HasTargets(levels); levels++)
        {
            left -= await Level(levels, left, http, told, cancel).ConfigureAwait(false);
            if (levels < (options.Web.Depth ?? 0) + ExtraLevels && !state.HasTargets(levels + 1)) Deepen(cancel);
        }
    }

    /// <summary>Says what would be fetched of what the user named, after a look at each origin's robots.txt and reservations; of a crawl that is steered, the first round. Nothing is stored.</summary>
    /// <param name="options">All options.</param>
    /// <param name="sources">The sources that are of the web.</param>
    /// <param name="known">Addresses that would be passed over.</param>
    /// <param name="tell">Hears of every address once, as they are decided, one at a time.</param>
    /// <param name="cancel">Stops.</param>
    public static async Task Rehearse(CrawlOptions options, IReadOnlyList<string> sources, IReadOnlySet<UInt128> known, Action<PlannedFetch> tell, CancellationToken cancel)
    {
        var gate = new Lock();
        long budget = options.Web.MaxFetches ?? long.MaxValue;
        string scratch = Directory.CreateTempSubdirectory("dfkd-dry-run-").FullName;
        var buckets = new Lazy<BucketService>(() => new BucketService(options.Web));
        try
        {
            using var http = new HttpExchange(options.Web, scratch);
            for (int i = 0; i < sources.Count; i++)
            {
                if (BucketName.Fits(sources[i])) await BucketListing.Keep(Listing(i), buckets.Value, BucketName.Parse(sources[i]), cancel).ConfigureAwait(false);
            }
            using var scheduler = new CrawlScheduler(options.Web with { DryRun = true }, http, Path.Combine(scratch, "spill"), options.Limits.MaxBytes, (target, fetched, _) => Tell(target, fetched.Reason!), cancel);
            IEnumerable<WebTarget> named = Named(options, sources, "-", Listing, buckets, cancel).Select(named => named.Target);
            if (options.Web.Steering is { } steering)
            {
                using var frontier = new Frontier(Path.Combine(scratch, "frontier"));
                foreach (WebTarget target in named.Where(target => !known.Contains(KeyOf(target.Url)))) frontier.Add(target.Host, target.Host, target);
                IReadOnlyList<RoundShare> round = new RoundPlan(steering.Seed).Next(frontier, (int)Math.Min(steering.RoundOf(budget), budget));
                await scheduler.Run([.. round.SelectMany(share => frontier.Take(share.Host, share.Page, share.Fetches))]).ConfigureAwait(false);
                return;
            }
            long taken = 0;
            await scheduler.Run(named.Where(target =>
            {
                if (!known.Contains(KeyOf(target.Url))) return true;
                _ = Tell(target, "known");
                return false;
            }).TakeWhile(_ => taken++ < budget)).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
            if (buckets.IsValueCreated) buckets.Value.Dispose();
        }

        string Listing(int source) => Path.Combine(scratch, source.ToString(CultureInfo.InvariantCulture));

        Task Tell(WebTarget target, string decision)
        {
            lock (gate) tell(new PlannedFetch(target.Url, decision));
            return Task.CompletedTask;
        }
    }

    /// <summary>All rows in order, after <see cref="Gather"/>; the members of an archive before it.</summary>
    public IEnumerable<WebRow> Rows(CancellationToken cancel)
    {
        foreach (WebRow row in TargetRows(cancel))
        {
            if (row.Row.Members is not null)
            {
                using var rows = new JournalReader(state.Members(row.Row.Ordinal));
                foreach (JournalRow member in rows.Rows()) yield return new WebRow(member, null);
            }
            yield return row;
        }
    }

    private IEnumerable<WebRow> TargetRows(CancellationToken cancel)
    {
        for (int level = 0; level < levels; level++)
        {
            using var journal = new JournalReader(state.Journal(level));
            if (level > 0 || state.HasTargets(0))
            {
                foreach (JournalRow row in journal.Rows()) yield return new WebRow(row, null);
                continue;
            }
            long named = 0;
            foreach ((WebTarget target, ListedUrl? listed) in Named(options, sources, state.StandardInput, state.Listing, buckets, cancel))
            {
                named++;
                if (journal.Has(target.Ordinal)) yield return new WebRow(journal.Read(target.Ordinal), listed?.Columns);
            }
            foreach (JournalRow row in journal.Rows(from: named)) yield return new WebRow(row, null);
        }
    }

    /// <summary>Columns of the lists that travel into the manifest.</summary>
    public IEnumerable<string> CarriedColumns() => sources.Where(source => UrlList.Fits(source) && source != "-").SelectMany(source => UrlList.CarriedColumns(source, options.Web.Columns));

    /// <summary>The manifest is written: the crawl's own files go.</summary>
    public void Finish() => state.Finish();

    public void Dispose()
    {
        state.Dispose();
        decoders.Dispose();
        members.Dispose();
        if (buckets.IsValueCreated) buckets.Value.Dispose();
    }

    private static bool IsAddress(string source) => source.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    // Gives the number of targets that the level took of the budget.
    private async Task<long> Level(int level, long budget, HttpExchange http, Tally told, CancellationToken cancel)
    {
        using var done = new JournalReader(state.Journal(level));
        told.Resume(done.Count);
        await using var journal = new JournalWriter(state.Journal(level));
        using var scheduler = new CrawlScheduler(options.Web, http, state.Spill, options.Limits.MaxBytes, async (target, fetched, stop) => _ = await Land(target, fetched, journal, told, stop).ConfigureAwait(false), cancel) { Archives = SinkOf, Sign = SignatureOf };
        long taken = 0;
        await scheduler.Run(Targets(level, cancel).Where(target => !Passed(target)).TakeWhile(_ => taken++ < budget).Where(target => !done.Has(target.Ordinal))).ConfigureAwait(false);
        return Math.Min(taken, budget);
    }

    private async Task<JournalRow> Land(WebTarget target, Fetched fetched, JournalWriter journal, Tally told, CancellationToken stop)
    {
        CheckedImage landed;
        await decoders.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            landed = Landing.Of(target, fetched, options);
        }
        finally
        {
            decoders.Release();
        }
        if (landed.Row.Reason == Reason.Archive) landed = landed with { Row = await members.Unpack(landed.Row, fetched.Archive!, member => told.Add(member), stop).ConfigureAwait(false) };
        // Not within the gate: a processor has better to do than to wait for a disk.
        string? path = landed.Stored is null ? null : store.Put(landed.Row.Sha256!, landed.Row.Format!, landed.Stored, stop, durable: false);
        await journal.Add(landed.Row, path, stop).ConfigureAwait(false);
        CrawlMetrics.Ended(landed.Row);
        told.Add(landed);
        return landed.Row;
    }

    // A steered crawl has one level: what is found takes the ordinals after what was named.
    private async Task Steer(SteeringOptions steering, HttpExchange http, Tally told, CancellationToken cancel)
    {
        levels = 1;
        using var frontier = new Frontier(state.Frontier);
        long ordinal = 0;
        foreach (WebTarget target in Targets(0, cancel))
        {
            ordinal++;
            if (!Passed(target)) frontier.Add(target.Host, target.Host, target);
        }
        using var done = new JournalReader(state.Journal(0));
        told.Resume(done.Count);
        JournalWriter? journal = null;
        var landed = new ConcurrentDictionary<long, JournalRow>();
        using var scheduler = new CrawlScheduler(options.Web, http, state.Spill, options.Limits.MaxBytes, async (target, fetched, stop) => landed[target.Ordinal] = await Land(target, fetched, journal!, told, stop).ConfigureAwait(false), cancel) { Archives = SinkOf, Sign = SignatureOf };
        using var log = new RoundLog(state.Rounds);
        Lazy<LinkSet> links = new(() => new LinkSet(options.Web.MaxPages, Targets(0, cancel), []));
        await new SteeredCrawl(steering, options.Web.MaxFetches!.Value, frontier, log, new RoundWeb(Fetch, Links, row => store.PathOf(row.Sha256!, row.Format!)), Stored()).Run(cancel).ConfigureAwait(false);

        // What a round has learnt is written after its rows, so these are closed, and safe, by then.
        async Task<IReadOnlyList<JournalRow>> Fetch(IReadOnlyList<WebTarget> targets)
        {
            landed.Clear();
            WebTarget[] left = [.. targets.Where(target => !done.Has(target.Ordinal))];
            if (left.Length > 0)
            {
                await using (journal = new JournalWriter(state.Journal(0))) await scheduler.Run(left).ConfigureAwait(false);
            }
            return [.. targets.Select(target => done.Has(target.Ordinal) ? done.Read(target.Ordinal) : landed[target.Ordinal])];
        }

        IEnumerable<WebTarget> Links(JournalRow page) => links.Value.New(page).Where(link => !Passed(link)).Select(link => link with { Ordinal = ordinal++ });
    }

    private IEnumerable<WebTarget> Targets(int level, CancellationToken cancel) => level == 0 && !state.HasTargets(0) ? Named(options, sources, state.StandardInput, state.Listing, buckets, cancel).Select(named => named.Target) : state.ReadTargets(level);

    // Only what the user named is level 0, so the ordinal tells archives apart.
    private ArchiveSink? SinkOf(WebTarget target) => target.Archive
        ? new ArchiveSink(Path.Combine(state.Archives, target.Ordinal.ToString(CultureInfo.InvariantCulture)), ImageInputs.IsArchive(target.OfBucket ? target.Url : target.Address.AbsolutePath), options.Web.MaxArchiveBytes, options.Web.BodyTimeout)
        : null;

    private Uri SignatureOf(WebTarget target) => buckets.Value.Sign(BucketName.Parse(target.Url));

    private bool Passed(WebTarget target) => target.Replaces is null && known.Contains(KeyOf(target.Url));

    // Level 0 in the order that the user gave; an address that is none becomes a target that fails at once.
    private static IEnumerable<(WebTarget Target, ListedUrl? Listed)> Named(CrawlOptions options, IReadOnlyList<string> sources, string standardInput, Func<int, string> listing, Lazy<BucketService> buckets, CancellationToken cancel)
    {
        long ordinal = 0;
        foreach ((int place, string source) in sources.Index())
        {
            if (BucketName.Fits(source))
            {
                var start = BucketName.Parse(source);
                Uri server = buckets.Value.Server(start);
                foreach (BucketName name in BucketListing.Read(listing(place), start)) yield return (Target(ordinal++, name.ToString(), server, -1) with { Archive = ImageInputs.IsArchive(name.Key) }, null);
                continue;
            }
            if (IsAddress(source))
            {
                yield return (Target(ordinal++, source, WebAddress.Parse(source), options.Web.Depth ?? 0) with { Archive = true, Sitemaps = options.Web.RobotsSitemaps ?? IsWholeSite(source) }, null);
                continue;
            }
            foreach (ListedUrl listed in UrlList.Read(source == "-" ? standardInput : source, options.Web.Columns, cancel))
            {
                yield return (Target(ordinal++, listed.Text, listed.Url, options.Web.Depth ?? -1), listed);
            }
        }
    }

    private static WebTarget Target(long ordinal, string text, Uri? address, int depth) => new(ordinal, text, address ?? Nowhere) { Depth = depth };

    private static bool IsWholeSite(string source) => WebAddress.Parse(source) is { PathAndQuery: "/" };

    /// <summary>Stands for an address that cannot be read.</summary>
    internal static Uri Nowhere { get; } = new("about:blank");

    // The links of a level's pages become the next level, each address once.
    private void Deepen(CancellationToken cancel)
    {
        using var journal = new JournalReader(state.Journal(levels));
        if (!journal.Rows().Any(row => row.Images?.Count > 0 || row.Pages?.Count > 0 || row.Sitemaps?.Count > 0)) return;
        var links = new LinkSet(options.Web.MaxPages, Targets(0, cancel), Enumerable.Range(1, levels).SelectMany(level => Targets(level, cancel)));
        state.WriteTargets(levels + 1, journal.Rows().SelectMany(links.New).Select((link, ordinal) => link with { Ordinal = ordinal }));
    }

    private async Task ListBuckets(CancellationToken cancel)
    {
        try
        {
            for (int i = 0; i < sources.Count; i++)
            {
                if (BucketName.Fits(sources[i])) await BucketListing.Keep(state.Listing(i), buckets.Value, BucketName.Parse(sources[i]), cancel).ConfigureAwait(false);
            }
        }
        catch (CrawlException) when (!Resumed)
        {
            // Nothing was begun that other options would have to go on with.
            state.Finish();
            throw;
        }
    }

    private async Task KeepStandardInput(CancellationToken cancel)
    {
        using var file = new AtomicFile(state.StandardInput);
        await using (Stream input = Console.OpenStandardInput()) await input.CopyToAsync(file.Stream, cancel).ConfigureAwait(false);
        file.Commit();
    }

    private Dictionary<string, string> Plan()
    {
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["s3-endpoint"] = options.Web.Buckets.Endpoint?.AbsoluteUri ?? "",
            ["sources"] = string.Join('\n', sources.Select(Identity)),
            ["reencode"] = options.Reencode.ToString(),
            ["near-duplicates"] = options.NearDuplicateRadius?.ToString(CultureInfo.InvariantCulture) ?? "",
            ["shards"] = options.ImagesPerShard?.ToString(CultureInfo.InvariantCulture) ?? "",
            ["min-side"] = options.MinSide.ToString(CultureInfo.InvariantCulture),
            ["depth"] = options.Web.Depth?.ToString(CultureInfo.InvariantCulture) ?? "",
            ["any-site"] = options.Web.AnySite.ToString(),
            ["max-fetches"] = options.Web.MaxFetches?.ToString(CultureInfo.InvariantCulture) ?? "",
            ["steer-by"] = options.Web.Steering is { } steering ? string.Create(CultureInfo.InvariantCulture, $"{steering.Name}, seed {steering.Seed}, rounds of {steering.RoundOf(options.Web.MaxFetches ?? 0)}") : "",
            ["robots-sitemaps"] = options.Web.RobotsSitemaps?.ToString() ?? "",
            ["max-pages"] = options.Web.MaxPages.ToString(CultureInfo.InvariantCulture),
            ["retry-failed"] = options.Web.RetryFailed.ToString(),
            ["refresh"] = options.Web.Refresh.ToString(),
        };
    }

    // A list that has changed has other ordinals, so a journal made for it does not fit.
    private static string Identity(string source)
    {
        if (IsAddress(source) || source == "-" || !File.Exists(source)) return source;
        var file = new FileInfo(source);
        return string.Create(CultureInfo.InvariantCulture, $"{file.FullName} ({file.Length} bytes of {file.LastWriteTimeUtc:O})");
    }

    /// <summary>Counts what has come in.</summary>
    private sealed class Tally(IProgress<CrawlProgress>? progress)
    {
        private readonly Lock gate = new();
        private long done, stored, bytes, rejected, failed;

        public void Resume(long rows)
        {
            lock (gate) done += rows;
        }

        public void Add(in CheckedImage landed)
        {
            lock (gate)
            {
                done++;
                if (landed.Stored is not null) stored++;
                if (landed.Row.Status == Status.Rejected) rejected++;
                if (landed.Row.Status == Status.Failed) failed++;
                bytes += landed.Row.Bytes;
                progress?.Report(new CrawlProgress(done, stored, bytes, rejected, failed));
            }
        }
    }
}
