// A crawl by several processes: hosts in partitions, partitions in rounds, one manifest at the end.

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Web;
using DataFreeKD.Manifests;
using DataFreeKD.Storage;

namespace DataFreeKD.Crawler.Sharding;

/// <summary>
/// Who holds the lock of a partition is at it, so that whatever hands the partitions out, each host is asked by one process at a time. What
/// leads to another partition's host is not followed; it goes into that partition's list of the next round.
/// </summary>
internal sealed class ShardedCrawl : IDisposable
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(300),
        Settling = TimeSpan.FromSeconds(1);

    private readonly CrawlOptions options;
    private readonly Action<string>? note;
    private readonly SourcePlan sources;
    private readonly WebSources named;
    private readonly CrawlRounds rounds;
    private readonly ImageStore store;
    private readonly Lazy<StoreManifest> manifest;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private (CrawlShardPlan Plan, CrawlPartitions Partitions)? planned;

    /// <param name="options">The crawl.</param>
    /// <param name="note">Hears what an operator should know.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="CrawlException">It cannot be shared, or its options cannot be used.</exception>
    /// <exception cref="TableException">A list that cannot be read.</exception>
    public ShardedCrawl(CrawlOptions options, Action<string>? note = null, CancellationToken cancel = default)
    {
        options.Validate();
        (this.options, this.note) = (options, note);
        sources = SourcePlan.Of(options);
        Refuse();
        Folder = CrawlShardPlan.FolderOf(options.Store);
        rounds = new CrawlRounds(Folder);
        store = new ImageStore(options.Store);
        manifest = new Lazy<StoreManifest>(() => new StoreManifest(options.Store, cancel));
        named = new WebSources(options.Web, sources.Web, "-", _ => throw new InvalidOperationException("buckets are refused"));
    }

    /// <summary>The folder of the plan.</summary>
    public string Folder { get; }

    /// <summary>Whether a store has a plan: its crawl is begun and not finished.</summary>
    public static bool IsPlanned(string store) => File.Exists(CrawlShardPlan.PathIn(CrawlShardPlan.FolderOf(store)));

    /// <summary>Takes the plan that is there, or makes it: of several processes one does, and the others wait.</summary>
    /// <param name="partitions">Partitions; null for as many as suit.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="CrawlException">It is of another crawl or version, or something else lies there.</exception>
    public CrawlShardPlan Plan(int? partitions = null, CancellationToken cancel = default)
    {
        if (planned is { } done)
            return done.Plan;
        SortedDictionary<string, string> own = OwnOptions();
        CrawlShardPlan plan = PlanTurn.Of(
            () => CrawlShardPlan.Read(Folder),
            () => Make(own, partitions, cancel),
            () => CrawlFolder.Claim(Folder),
            () => (OutputLock.TryTake(CrawlShardPlan.PathIn(Folder), "crawl", out string? holder), holder),
            anew: false,
            note: null,
            cancel
        );
        plan.Require(own, partitions, Folder);
        planned = (plan, new CrawlPartitions(plan.Partitions, plan.Alone));
        return plan;
    }

    /// <summary>The last round; where it is finished, the next one, which is made. It waits for a process that is making it.</summary>
    /// <param name="cancel">Stops.</param>
    /// <returns>A round with partitions that are missing, or the end; this also where another process has finished the crawl.</returns>
    public CrawlRound Advance(CancellationToken cancel)
    {
        CrawlPartitions partitions = Partitions(cancel);
        while (true)
        {
            CrawlRound? last = rounds.All().LastOrDefault();
            if (last is not null && (last.End || last.Partitions.Keys.Any(partition => !IsFinished(last, partition))))
                return last;
            // Without a plan it is finished, and nothing is begun anew.
            if (!IsPlanned(options.Store))
                return CrawlRound.Over;
            using OutputLock? held = OutputLock.TryTake(rounds.PathOf((last?.Number ?? -1) + 1), "crawl", out string? _);
            if (held is null)
                Pause(cancel);
            else if (rounds.Read((last?.Number ?? -1) + 1) is null && IsPlanned(options.Store))
                Maker(partitions).After(last, cancel);
        }
    }

    /// <summary>SHA-256 of a round's record.</summary>
    public string Sha256Of(CrawlRound round) => Provenance.HashFile(rounds.RecordOf(round.Number), CancellationToken.None);

    /// <summary>The round whose record has a SHA-256; null for none.</summary>
    public CrawlRound? Find(string sha256) => rounds.All().Reverse().FirstOrDefault(round => Sha256Of(round) == sha256);

    /// <summary>Crawls to the end: the partitions of a share first, then what nobody has in hand, round by round. At the end of a round it
    /// waits for those who are still at it.</summary>
    /// <param name="share">The share.</param>
    /// <param name="partitions">Partitions of a new plan; null for as many as suit.</param>
    /// <param name="retryFailed">Whether partitions are tried again that failed before.</param>
    /// <param name="progress">Heard after every row.</param>
    /// <param name="cancel">Stops; what has a row keeps it.</param>
    public ShardSummary Work(
        ShardShare share,
        int? partitions,
        bool retryFailed,
        IProgress<CrawlProgress>? progress,
        CancellationToken cancel
    )
    {
        CrawlShardPlan plan = Plan(partitions, cancel);
        CrawlTally told = new(progress);
        int done = 0;
        long rows = 0;
        while (true)
        {
            CrawlRound round = Advance(cancel);
            if (round.End)
                return new ShardSummary(plan.Partitions, done, rows, plan.Partitions, [], clock.Elapsed.TotalSeconds);
            if (retryFailed)
                RetryFailed(round);
            HashSet<int> own = [.. share.Of(plan.Partitions)];
            bool held = false;
            foreach (int partition in round.Partitions.Keys.OrderBy(partition => !own.Contains(partition)).ThenBy(partition => partition))
            {
                ShardOutcome outcome;
                do outcome = IsFinished(round, partition) ? ShardOutcome.Failed : One(round, partition, told, null, cancel);
                while (outcome == ShardOutcome.Again);
                held |= outcome == ShardOutcome.Held;
                if (outcome != ShardOutcome.Done)
                    continue;
                done++;
                rows += NoteOf(round, partition)?.Rows ?? 0;
            }
            retryFailed = false;
            if (Failures(round) is { Count: > 0 } failed && !held)
                return new ShardSummary(
                    plan.Partitions,
                    done,
                    rows,
                    round.Partitions.Keys.Count(partition => IsFinished(round, partition)),
                    [.. failed.Select(entry => entry.Shard)],
                    clock.Elapsed.TotalSeconds
                );
            if (held)
                Pause(cancel);
        }
    }

    /// <summary>Fetches the targets of a partition, once, unless that is done, in other hands, or not to be tried again.</summary>
    /// <param name="round">The round.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="told">Counts rows.</param>
    /// <param name="mayAsk">Whether requests may still be made; asked before each. Null for always.</param>
    /// <param name="cancel">Stops; that does not count against the partition.</param>
    /// <exception cref="IOException">The machine failed, which does not count against the partition.</exception>
    public ShardOutcome One(CrawlRound round, int partition, CrawlTally told, Func<bool>? mayAsk, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (!round.Partitions.ContainsKey(partition) || IsFinished(round, partition))
            return ShardOutcome.Done;
        string folder = Path.Combine(Folder, CrawlFolder.Partitions);
        Directory.CreateDirectory(folder);
        using OutputLock? held = OutputLock.TryTake(
            Path.Combine(folder, partition.ToString("D8", CultureInfo.InvariantCulture)),
            "crawl",
            out string? _
        );
        if (held is null)
            return ShardOutcome.Held;
        // Again: whoever had it before may have finished it, or failed at it.
        if (IsFinished(round, partition))
            return ShardOutcome.Done;
        return AttemptsOf(round)
            .Do(partition, Provenance.ToolVersion, attempt => Blocking.Wait(() => Fetch(round, partition, attempt, told, mayAsk, cancel)));
    }

    /// <summary>Looks at the notes of a round.</summary>
    public ShardStanding Look(CrawlRound round) =>
        AttemptsOf(round)
            .Standing(
                Partitions(CancellationToken.None).Count,
                partition => !round.Partitions.ContainsKey(partition) || IsFinished(round, partition),
                partition => round.Partitions.GetValueOrDefault(partition)
            );

    /// <summary>Lets partitions be tried again that failed before.</summary>
    public void RetryFailed(CrawlRound round)
    {
        foreach (int partition in round.Partitions.Keys)
            AttemptsOf(round).Forget(partition);
    }

    /// <summary>Writes the manifest, and tar shards where the options say so; removes the plan.</summary>
    /// <param name="progress">Heard while it is at work.</param>
    /// <param name="cancel">Stops; it can be called again.</param>
    /// <exception cref="ShardException">Partitions are missing or failed.</exception>
    /// <exception cref="CrawlException">There is no plan, or it is of another crawl, or a list changed since.</exception>
    public async Task<CrawlSummary> FinishAsync(IProgress<CrawlProgress>? progress, CancellationToken cancel)
    {
        if (!IsPlanned(options.Store))
            throw new CrawlException($"{Folder} has no plan; begin with --plan, --shard i/n or --engine");
        using OutputLock held = OutputLock.Take(options.Store, "crawl");
        CrawlShardPlan plan = Plan(cancel: cancel);
        CrawlRound last = Advance(cancel);
        Require(last);
        foreach ((string path, string sha256) in plan.Inputs)
        {
            if (Provenance.HashFile(path, cancel) != sha256)
                throw new CrawlException($"{path} changed since the plan was made; put the list back, or delete {Folder} to begin anew");
        }
        RequireWhole();
        RoundMaker maker = Maker(Partitions(cancel));
        store.Sweep();
        return await CrawlRun
            .Conclude(
                options,
                sources,
                manifest.Value,
                new CrawlRows(named, last.Level + 1, maker.Journal, MembersOf),
                sweep: true,
                () => CrawlFolder.Remove(Folder),
                clock,
                progress,
                cancel
            )
            .ConfigureAwait(false);
    }

    public void Dispose() => named.Dispose();

    private async Task Fetch(
        CrawlRound round,
        int partition,
        ShardAttempt attempt,
        CrawlTally told,
        Func<bool>? mayAsk,
        CancellationToken cancel
    )
    {
        attempt.BeginToWait();
        Stopwatch time = Stopwatch.StartNew();
        CrawlPartitions partitions = Partitions(cancel);
        IReadOnlyList<string> before = rounds.Journals(round.Number, partition);
        string scratch = Path.Combine(Folder, CrawlFolder.Scratch, attempt.Name);
        // What a process that is gone had under way is still with the servers.
        if (before.Count > 0)
            await Task.Delay(Settling, cancel).ConfigureAwait(false);
        try
        {
            using JournalReader done = new(before, JournalRows.All, sparse: true);
            string of = Path.Combine(Folder, CrawlFolder.Partitions);
            IReadOnlyList<string> memories = CrawlRounds.Files(of, partition);
            using HostMemory memory = new(
                memories,
                CrawlRounds.NewFile(of, partition, memories.Count),
                Path.Combine(Folder, CrawlFolder.Origins),
                round.Level
            );
            WebOptions web = options.Web with
            {
                Territory = new Territory
                {
                    Holds = address => partitions.Of(address) == partition,
                    MayAsk = mayAsk ?? (() => true),
                    Memory = memory,
                },
            };
            HashSet<UInt128> known = manifest.Value.Known;
            string archives = Directory.CreateDirectory(Path.Combine(Folder, CrawlFolder.Archives)).FullName;
            using ResultSink results = new(options, store, MembersOf, known);
            using HttpExchange http = new(web, scratch);
            await using (JournalWriter journal = new(rounds.NewJournal(round.Number, partition, before.Count)))
            {
                using CrawlScheduler scheduler = new(
                    web,
                    http,
                    Path.Combine(scratch, "spill"),
                    options.Limits.MaxBytes,
                    async (target, fetched, stop) =>
                    {
                        using IDisposable working = attempt.Working();
                        _ = await results.Land(target, fetched, journal, told, stop).ConfigureAwait(false);
                    },
                    cancel
                )
                {
                    Archives = target => TargetRules.SinkOf(target, archives, web),
                };
                await scheduler
                    .Run(rounds.Targets(round.Number, partition).Where(target => !done.Has(target.Ordinal)))
                    .ConfigureAwait(false);
            }
        }
        finally
        {
            if (Directory.Exists(scratch))
                Directory.Delete(scratch, recursive: true);
        }
        IReadOnlyList<string> journals = rounds.Journals(round.Number, partition);
        using JournalReader final = new(journals, JournalRows.Final, sparse: true),
            moved = new(journals, JournalRows.Moved, sparse: true);
        ShardJson.WriteFirst(
            rounds.NoteOf(round.Number, partition),
            new RoundNote(
                final.Count,
                moved.Count,
                attempt.Name,
                Environment.MachineName,
                Provenance.ToolVersion,
                time.Elapsed.TotalSeconds
            )
        );
    }

    private void Make(SortedDictionary<string, string> own, int? partitions, CancellationToken cancel)
    {
        if (File.Exists(Path.Combine(options.Store, ".crawl", "plan.json")))
            throw new CrawlException(
                $"{options.Store} holds an interrupted crawl of one process; finish it with the same sources and options, or delete {Path.Combine(options.Store, ".crawl")}"
            );
        if (File.Exists(options.Store))
            throw new CrawlException($"{options.Store} is a file; name a folder for the store");
        Dictionary<string, long> sites = new(StringComparer.Ordinal);
        RoundMaker maker = Maker(new CrawlPartitions(1, []));
        foreach (WebTarget target in maker.Eligible(0, cancel))
        {
            string site = SiteName.Of(target.Address);
            sites[site] = sites.GetValueOrDefault(site) + 1;
        }
        CrawlPartitions made = CrawlPartitions.Of(sites, partitions);
        new CrawlShardPlan
        {
            Version = Provenance.ToolVersion,
            Options = own,
            Inputs = sources
                .Web.Where(File.Exists)
                .Select(Path.GetFullPath)
                .Distinct()
                .ToDictionary(path => path, path => Provenance.HashFile(path, cancel)),
            Partitions = made.Count,
            Alone = made.Alone,
            Targets = sites.Values.Sum(),
        }.Write(Folder);
    }

    private void Require(CrawlRound last)
    {
        if (last.End)
            return;
        IReadOnlyList<FailedShards.Entry> failed = Failures(last);
        int[] missing =
        [
            .. last.Partitions.Keys.Order().Where(partition => !IsFinished(last, partition)).Except(failed.Select(entry => entry.Shard)),
        ];
        string of = $"partitions of round {last.Number}";
        if (missing.Length > 0)
            throw new ShardException(
                ShardProblem.Missing,
                $"{missing.Length} of {last.Partitions.Count} {of} are missing: {FailedShards.Text(missing)}{(failed.Count > 0 ? $" (and {failed.Count} failed)" : "")}; fetch them with --shard i/n or --engine, or with neither in one process"
            );
        throw new ShardException(
            ShardProblem.Failed,
            $"{failed.Count} of {last.Partitions.Count} {of} failed: {FailedShards.Text([.. failed.Select(entry => entry.Shard)])}; {failed[0].Reasons[^1]}; all reasons are in {Path.Combine(rounds.PathOf(last.Number), FailedShards.Name)}; mend them and give --retry-failed with --shard or --engine"
        );
    }

    // A journal that was cut short or is gone would leave rows out in silence.
    private void RequireWhole()
    {
        foreach (CrawlRound round in rounds.All())
        {
            foreach ((int partition, long targets) in round.Partitions)
            {
                using JournalReader rows = new(rounds.Journals(round.Number, partition), JournalRows.All, sparse: true);
                if (rows.Count != targets)
                    throw new ShardException(
                        ShardProblem.Damaged,
                        $"partition {partition} of round {round.Number} has {rows.Count} rows for {targets} addresses: its journal was cut short or altered; delete {Folder} to crawl from the start"
                    );
            }
        }
    }

    private void Refuse()
    {
        if (options.Web.Steering is not null)
            throw Unshared("a steered crawl (Steering) learns from each round before the next");
        if (options.Web.RetryFailed || options.Web.Refresh)
            throw Unshared("RetryFailed and Refresh go over a store that is finished");
        if (options.Made.Count > 0 || sources.Local.Count > 0)
            throw Unshared($"{(sources.Local.Count > 0 ? sources.Local[0] : "a source of made images")} is no source of the web");
        if (sources.Web.Contains(UrlList.StandardInput))
            throw Unshared("standard input can be read by one process");
        if (sources.Web.FirstOrDefault(BucketName.Fits) is { } bucket)
            throw Unshared($"{bucket} lies at one server");

        static CrawlException Unshared(string why) =>
            new($"{why}, and is crawled on one machine; leave --plan, --shard, --finish and --engine out")
            {
                Options = [nameof(WebOptions.Steering), nameof(WebOptions.RetryFailed), nameof(WebOptions.Refresh)],
            };
    }

    private SortedDictionary<string, string> OwnOptions() =>
        new(
            CrawlPlan
                .Of(options, sources.Web)
                .Concat(
                    OptionsText.Only(
                        options.Web,
                        nameof(WebOptions.ConnectionsPerHost),
                        nameof(WebOptions.Delay),
                        nameof(WebOptions.MaxCrawlDelay),
                        nameof(WebOptions.BodyTimeout),
                        nameof(WebOptions.Retries),
                        nameof(WebOptions.MaxRedirects),
                        nameof(WebOptions.MaxArchiveBytes),
                        nameof(WebOptions.Columns)
                    )
                )
                .ToDictionary(),
            StringComparer.Ordinal
        );

    private CrawlPartitions Partitions(CancellationToken cancel)
    {
        Plan(cancel: cancel);
        return planned!.Value.Partitions;
    }

    private RoundMaker Maker(CrawlPartitions partitions) =>
        new(options, named, manifest.Value.Known, partitions, rounds, Path.Combine(Folder, CrawlFolder.Levels));

    // An attempt goes on from the journals of those before it: what was killed and had fetched something lost nothing.
    private ShardAttempts AttemptsOf(CrawlRound round) =>
        new(rounds.PathOf(round.Number), partition =>
            rounds.Journals(round.Number, partition).Sum(journal => new FileInfo(journal).Length).ToString(CultureInfo.InvariantCulture)
        );

    private IReadOnlyList<FailedShards.Entry> Failures(CrawlRound round) =>
        FailedShards.Write(AttemptsOf(round), Partitions(CancellationToken.None).Count, partition =>
            !round.Partitions.ContainsKey(partition) || IsFinished(round, partition)
        );

    private bool IsFinished(CrawlRound round, int partition) => File.Exists(rounds.NoteOf(round.Number, partition));

    private RoundNote? NoteOf(CrawlRound round, int partition) => ShardJson.Read<RoundNote>(rounds.NoteOf(round.Number, partition));

    private string MembersOf(long archive) =>
        Path.Combine(Folder, CrawlFolder.Archives, string.Create(CultureInfo.InvariantCulture, $"{archive}.jsonl"));

    private static void Pause(CancellationToken cancel)
    {
        cancel.WaitHandle.WaitOne(Wait);
        cancel.ThrowIfCancellationRequested();
    }
}
