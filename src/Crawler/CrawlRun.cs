// Crawling from end to end: sources in, a content-addressed store and its manifest out.

using System.Diagnostics;
using System.Threading.Tasks.Dataflow;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Crawler.Web;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler;

/// <summary>Brings images into a store in which every file that was seen has a row with a status and a reason.</summary>
public static class CrawlRun
{
    // Of files read and not yet stored; what they decode to comes on top, one a worker.
    private const long MostWaiting = 256L << 20;

    /// <summary>Crawls. Interrupted at any moment, the same call again ends with the same store and manifest: files are named by content, what came from the web is journalled, and the manifest appears whole.</summary>
    /// <exception cref="CrawlException">Options or sources that cannot be used.</exception>
    /// <exception cref="OutputException">Another process is crawling into the store.</exception>
    /// <exception cref="IOException">The disk is full or fails; what is there is kept, and the same call goes on.</exception>
    public static CrawlSummary Execute(CrawlOptions options, IProgress<CrawlProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using OutputLock held = OutputLock.Take(options.Store, "crawl");
        var clock = Stopwatch.StartNew();
        var manifest = new StoreManifest(options.Store, cancel);
        SourcePlan plan = SourcePlan.Of(options);
        (IReadOnlyList<string> local, IReadOnlyList<string> remote) = plan;
        var inputs = new InputOptions { MaxBytes = options.Limits.MaxBytes, FollowLinks = options.FollowLinks };
        bool revisits = options.Web.RetryFailed || options.Web.Refresh;
        if (revisits && !manifest.Exists) throw new CrawlException($"{options.Store} has no manifest; crawl into it first");
        using WebCrawl? web = remote.Count > 0 || revisits ? new WebCrawl(options, remote, manifest.Known, revisits ? manifest.Revisits(options.Web) : null) { Stored = manifest.Contents } : null;
        web?.Gather(progress, cancel).GetAwaiter().GetResult();

        string[] columns = [.. Columns.Store, .. (web is null ? [] : StoreManifest.WebColumns).Concat(options.NearDuplicateRadius is null ? [] : [Columns.Colours]).Concat(local.Where(SourcePlan.IsTable).SelectMany(table => TableSource.CarriedColumns(table, options.PathColumn))).Concat(Sidecars.CarriedColumns(local, inputs, cancel).Where(column => !Columns.Store.Contains(column))).Concat(web?.CarriedColumns(cancel) ?? []).Concat(manifest.CarriedColumns()).Distinct()];
        using ManifestMerge merge = manifest.Begin(columns, options, web);
        long before = merge.Rows;
        var store = new ImageStore(options.Store);
        long bytes = 0;
        foreach ((FoundImage found, CheckedImage image) in Check(options, local, inputs, manifest.Known, cancel))
        {
            if (image.Stored is not null && !merge.Has(image.Row.Sha256!)) store.Put(image.Row.Sha256!, image.Row.Format!, image.Stored, cancel);
            merge.Add(new WebRow(image.Row, Sidecars.ColumnsOf(found.Image)), found.Row);
            bytes += found.Image.Bytes?.Length ?? 0;
            progress?.Report(new CrawlProgress(merge.Rows - before, merge.Images, bytes));
        }
        foreach (WebRow row in web?.Rows(cancel) ?? [])
        {
            if (row.Row.Replaces is null) merge.Add(row, null);
        }
        if (merge.Rows == 0)
        {
            web?.Finish();
            throw new CrawlException($"no images in {string.Join(", ", options.Sources)}; check the folder, the glob, the table or the list");
        }
        Dictionary<string, string> hashes = CrawlProvenance.InputsOf(plan, manifest.Path, cancel);
        merge.Commit();
        CrawlProvenance.Of(options, hashes, merge.Counts, clock.Elapsed.TotalSeconds).WriteBeside(manifest.Path);
        if (merge.LeavesOrphans || web is { Resumed: true }) store.Keep(merge.HasFile);
        web?.Finish();
        return new CrawlSummary(merge.Rows, merge.Rows - before + merge.Replaced, merge.Counts, manifest.Path, clock.Elapsed.TotalSeconds) { AddedCounts = merge.AddedCounts };
    }

    /// <summary>Says what a crawl would fetch from the web: asks for robots.txt and tdmrep.json files and the listings of buckets, and nothing else. Of a crawl that is steered, only the first round is said. Links are not followed, files of this machine not looked at.</summary>
    /// <returns>The addresses by decision.</returns>
    /// <exception cref="CrawlException">Options or sources that cannot be used.</exception>
    public static IReadOnlyDictionary<string, long> DryRun(CrawlOptions options, Action<PlannedFetch> tell, CancellationToken cancel = default)
    {
        options.Validate();
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        Rehearsal.Run(options, SourcePlan.Of(options).Web, new StoreManifest(options.Store, cancel).Known, planned =>
        {
            counts[planned.Decision] = counts.GetValueOrDefault(planned.Decision) + 1;
            tell(planned);
        }, cancel).GetAwaiter().GetResult();
        return counts;
    }

    /// <summary>Decodes on several workers, keeps the order of the sources, holds a bounded number of images.</summary>
    private static IEnumerable<(FoundImage Found, CheckedImage Image)> Check(CrawlOptions options, IReadOnlyList<string> sources, InputOptions inputs, HashSet<UInt128> known, CancellationToken cancel)
    {
        var budget = new ByteBudget(MostWaiting);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var checks = new TransformBlock<FoundImage, (FoundImage, CheckedImage)>(found => (found, Look(found.Image, options)), new ExecutionDataflowBlockOptions
        {
            MaxDegreeOfParallelism = options.Workers,
            BoundedCapacity = options.Workers * 8,
            EnsureOrdered = true,
            CancellationToken = stop.Token,
        });
        Task feeding = Task.Run(async () =>
        {
            try
            {
                IEnumerable<FoundImage> all = sources.SelectMany(source => CrawlSource.Open(source, inputs, options.PathColumn, stop.Token));
                foreach (FoundImage found in all.Concat(options.Made.SelectMany(made => made.Missing(name => known.Contains(TextKey.Of(name)), stop.Token))))
                {
                    if (known.Contains(TextKey.Of(found.Image.Path))) continue;
                    await budget.Take(found.Image.Bytes?.LongLength ?? 0, stop.Token).ConfigureAwait(false);
                    if (!await checks.SendAsync(found, stop.Token).ConfigureAwait(false)) return;
                }
            }
            finally
            {
                checks.Complete();
            }
        }, CancellationToken.None);
        try
        {
            while (checks.OutputAvailableAsync(cancel).GetAwaiter().GetResult())
            {
                (FoundImage found, CheckedImage image) = checks.Receive(cancel);
                yield return (found, image);
                budget.Release(found.Image.Bytes?.LongLength ?? 0);
            }
            feeding.GetAwaiter().GetResult();
            checks.Completion.GetAwaiter().GetResult();
        }
        finally
        {
            stop.Cancel();
        }
    }

    private static CheckedImage Look(ImageInput image, CrawlOptions options)
    {
        var row = new JournalRow(0, image.Path, Status.Failed) { Reason = image.Reason ?? Reason.Unreadable };
        return image.Bytes is { } bytes ? CheckedImage.From(row with { Reason = "" }, bytes, options, local: true) : new CheckedImage(row, null);
    }
}
