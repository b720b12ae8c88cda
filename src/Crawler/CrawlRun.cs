// Crawling from end to end: sources in, a content-addressed store and its manifest out.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Dataflow;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Sharding;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Web;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler;

/// <summary>Brings images into a store in which every file that was seen has a row with a status and a reason.</summary>
public static class CrawlRun
{
    /// <summary>Crawls. Interrupted at any moment, the same call again ends with the same store and manifest: files are named by content,
    /// what came from the web is journalled, and the manifest appears whole.</summary>
    /// <exception cref="CrawlException">Options or sources that cannot be used.</exception>
    /// <exception cref="OutputException">Another process is crawling into the store.</exception>
    /// <exception cref="IOException">The disk is full or fails; what is there is kept, and the same call goes on.</exception>
    public static async Task<CrawlSummary> ExecuteAsync(
        CrawlOptions options,
        IProgress<CrawlProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        using OutputLock held = OutputLock.Take(options.Store, "crawl");
        if (File.Exists(options.Store))
            throw new CrawlException($"{options.Store} is a file; name a folder for the store");
        if (ShardedCrawl.IsPlanned(options.Store))
            throw new CrawlException(
                $"{CrawlShardPlan.FolderOf(options.Store)} holds a crawl that several processes share; finish it with --finish, or delete that folder"
            );
        Stopwatch clock = Stopwatch.StartNew();
        StoreManifest manifest = new(options.Store, cancel);
        SourcePlan plan = SourcePlan.Of(options);
        IReadOnlyList<string> remote = plan.Web;
        bool revisits = options.Web.RetryFailed || options.Web.Refresh;
        if ((revisits || options.JudgesStore) && !manifest.Exists)
            throw new CrawlException($"{options.Store} has no manifest; crawl into it first");
        using WebCrawl? web =
            remote.Count > 0 || revisits
                ? new WebCrawl(options, remote, manifest.Known, revisits ? manifest.Revisits(options.Web) : null)
                {
                    Stored = manifest.Contents,
                }
                : null;
        if (web is not null)
            await web.Gather(progress, cancel).ConfigureAwait(false);

        return await Conclude(
                options,
                plan,
                manifest,
                web?.Rows,
                sweep: web is { Resumed: true },
                () => web?.Finish(),
                clock,
                progress,
                cancel
            )
            .ConfigureAwait(false);
    }

    /// <summary>Writes the manifest of what the web gave and of what lies on this machine, which is read now.</summary>
    /// <param name="options">All options.</param>
    /// <param name="plan">The sources.</param>
    /// <param name="manifest">The store's manifest so far.</param>
    /// <param name="web">What the web gave; null where it was not asked.</param>
    /// <param name="sweep">Whether the store may have images that no row refers to.</param>
    /// <param name="finished">Removes what the crawl kept for itself.</param>
    /// <param name="clock">Wall time.</param>
    /// <param name="progress">Heard after every local file.</param>
    /// <param name="cancel">Stops.</param>
    internal static async Task<CrawlSummary> Conclude(
        CrawlOptions options,
        SourcePlan plan,
        StoreManifest manifest,
        CrawlRows? web,
        bool sweep,
        Action finished,
        Stopwatch clock,
        IProgress<CrawlProgress>? progress,
        CancellationToken cancel
    )
    {
        IReadOnlyList<string> local = plan.Local;
        InputOptions inputs = new()
        {
            MaxBytes = options.Limits.MaxBytes,
            FollowLinks = options.FollowLinks,
            Buckets = false,
        };
        string[] columns =
        [
            .. Columns.Store,
            .. (web is null ? [] : StoreManifest.WebColumns)
                .Concat(options.RecordsColours && !options.JudgesStore ? [Columns.Colours] : [])
                .Concat(local.Where(SourcePlan.IsTable).SelectMany(table => TableSource.CarriedColumns(table, options.PathColumn)))
                .Concat(Sidecars.CarriedColumns(local, inputs, cancel).Where(column => !Columns.Store.Contains(column)))
                .Concat(web?.CarriedColumns(cancel) ?? [])
                .Concat(manifest.CarriedColumns())
                .Distinct(),
        ];
        using ManifestMerge merge = manifest.Begin(columns, options, web);
        long before = merge.Rows;
        ImageStore store = new(options.Store);
        long bytes = 0;
        await foreach (
            (FoundImage found, CheckedImage image, long read) in Check(options, local, inputs, manifest.Known, cancel).ConfigureAwait(false)
        )
        {
            if (image.Stored is not null && !merge.Has(image.Row.Sha256!))
                store.Put(image.Row.Sha256!, image.Row.Format!, image.Stored, cancel);
            merge.Add(new WebRow(image.Row, Sidecars.ColumnsOf(found.Image)), found.Row);
            bytes += read;
            progress?.Report(new CrawlProgress(merge.Rows - before, merge.Images, bytes));
        }
        foreach (WebRow row in web?.All(cancel) ?? [])
        {
            if (row.Row.Replaces is null)
                merge.Add(row, null);
        }
        if (merge.Rows == 0)
        {
            finished();
            throw new CrawlException(
                $"no images in {string.Join(", ", options.Sources)}; check the folder, the glob, the table or the list"
            );
        }
        Dictionary<string, string> hashes = CrawlProvenance.InputsOf(plan, manifest.Path, cancel);
        merge.Commit();
        CrawlProvenance.Of(options, hashes, merge.Counts, clock.Elapsed.TotalSeconds).WriteBeside(manifest.Path);
        if (merge.LeavesOrphans || sweep)
            store.Keep(merge.HasFile);
        finished();
        return new CrawlSummary(merge.Rows, merge.Rows - before + merge.Replaced, merge.Counts, manifest.Path, clock.Elapsed.TotalSeconds)
        {
            AddedCounts = merge.AddedCounts,
        };
    }

    /// <summary>The same for a thread that may wait.</summary>
    /// <inheritdoc cref="ExecuteAsync"/>
    public static CrawlSummary Execute(
        CrawlOptions options,
        IProgress<CrawlProgress>? progress = null,
        CancellationToken cancel = default
    ) => Blocking.Wait(() => ExecuteAsync(options, progress, cancel));

    /// <summary>Says what a crawl would fetch from the web: asks for robots.txt and tdmrep.json files and the listings of buckets, and
    /// nothing else. Of a crawl that is steered, only the first round is said. Links are not followed, files of this machine not looked
    /// at.</summary>
    /// <returns>The addresses by decision.</returns>
    /// <exception cref="CrawlException">Options or sources that cannot be used.</exception>
    internal static async Task<IReadOnlyDictionary<string, long>> DryRunAsync(
        CrawlOptions options,
        Action<PlannedFetch> tell,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        await Rehearsal
            .Run(
                options,
                SourcePlan.Of(options).Web,
                new StoreManifest(options.Store, cancel).Known,
                planned =>
                {
                    counts[planned.Decision] = counts.GetValueOrDefault(planned.Decision) + 1;
                    tell(planned);
                },
                cancel
            )
            .ConfigureAwait(false);
        return counts;
    }

    /// <summary>The same for a thread that may wait.</summary>
    /// <inheritdoc cref="DryRunAsync"/>
    internal static IReadOnlyDictionary<string, long> DryRun(
        CrawlOptions options,
        Action<PlannedFetch> tell,
        CancellationToken cancel = default
    ) => Blocking.Wait(() => DryRunAsync(options, tell, cancel));

    /// <summary>Decodes on several workers, keeps the order of the sources, holds a bounded number of images.</summary>
    private static async IAsyncEnumerable<(FoundImage Found, CheckedImage Image, long Bytes)> Check(
        CrawlOptions options,
        IReadOnlyList<string> sources,
        InputOptions inputs,
        HashSet<UInt128> known,
        [EnumeratorCancellation] CancellationToken cancel
    )
    {
        ByteBudget budget = new(InputOptions.MostWaiting(options.Workers));
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        TransformBlock<FoundImage, (FoundImage Found, CheckedImage Image, long Bytes)> checks = new(
            found => (found, Look(found.Image, options, out long read), read),
            new ExecutionDataflowBlockOptions
            {
                MaxDegreeOfParallelism = options.Workers,
                BoundedCapacity = options.Workers * 8,
                EnsureOrdered = true,
                CancellationToken = stop.Token,
            }
        );
        Task feeding = Task.Run(
            async () =>
            {
                try
                {
                    using IEnumerator<FoundImage> all = sources
                        .SelectMany(source => CrawlSource.Open(source, inputs, options.PathColumn, stop.Token))
                        .Concat(options.Made.SelectMany(made => made.Missing(name => known.Contains(TextKey.Of(name)), stop.Token)))
                        .GetEnumerator();
                    while (true)
                    {
                        await budget.Room(stop.Token).ConfigureAwait(false);
                        if (!all.MoveNext())
                            return;
                        if (known.Contains(TextKey.Of(all.Current.Image.Path)))
                            continue;
                        budget.Take(all.Current.Image.Bytes?.LongLength ?? 0);
                        if (!await checks.SendAsync(all.Current, stop.Token).ConfigureAwait(false))
                            return;
                    }
                }
                finally
                {
                    checks.Complete();
                }
            },
            CancellationToken.None
        );
        try
        {
            while (await checks.OutputAvailableAsync(cancel).ConfigureAwait(false))
            {
                (FoundImage Found, CheckedImage Image, long Bytes) next = checks.Receive(cancel);
                yield return next;
                budget.Release(next.Bytes);
            }
            await feeding.ConfigureAwait(false);
            await checks.Completion.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    private static CheckedImage Look(ImageInput image, CrawlOptions options, out long read)
    {
        read = image.Bytes?.LongLength ?? 0;
        JournalRow row = new(0, image.Path, Status.Failed) { Reason = image.Reason ?? Reason.Unreadable };
        CheckedImage seen = image.Bytes is { } bytes
            ? CheckedImage.From(row with { Reason = "" }, bytes, options, local: true)
            : new CheckedImage(row, null);
        image.Release();
        return seen;
    }
}
