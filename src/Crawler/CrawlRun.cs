// Crawling from end to end: sources in, a content-addressed store and its manifest out.

using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Threading.Tasks.Dataflow;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler;

/// <summary>Brings images into a store in which every file that was seen has a row with a status and a reason.</summary>
public static class CrawlRun
{
    internal const string TooSmall = "too_small";

    /// <summary>Crawls. Interrupted at any moment, the same call again ends with the same store and manifest: files are named by content, and the manifest appears whole.</summary>
    /// <exception cref="CrawlException">Options or sources that cannot be used.</exception>
    public static CrawlSummary Execute(CrawlOptions options, IProgress<CrawlProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        var clock = Stopwatch.StartNew();
        string manifest = Path.Combine(options.Store, "manifest.csv");
        bool adding = File.Exists(manifest);
        string[] columns = [.. Columns.Store, .. options.Sources.Where(TableSource.Fits).SelectMany(TableSource.CarriedColumns).Concat(adding ? TableSource.CarriedColumns(manifest) : []).Distinct()];

        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        var known = new HashSet<string>(StringComparer.Ordinal);
        long rows = 0, added = 0, bytes = 0;
        using TableWriter writer = Table.Create(manifest, columns);
        if (adding)
        {
            using TableReader before = Table.Open(manifest);
            foreach (TableRow row in before.Rows(cancel))
            {
                if (row["status"] == Status.Ok) stored[row["sha256"]!] = row["path"]!;
                known.Add(row["source"]!);
                Write([.. columns.Select(column => row[column])], row["status"]!, row["reason"]!);
            }
        }

        var store = new ImageStore(options.Store);
        foreach (CheckedImage image in Check(options, known, cancel))
        {
            (string status, string reason) = image.Reason switch
            {
                null => stored.ContainsKey(image.Sha256) ? (Status.Duplicate, "same_content") : (Status.Ok, ""),
                TooSmall => (Status.Rejected, image.Reason),
                _ => (Status.Failed, image.Reason),
            };
            if (status == Status.Ok) stored[image.Sha256] = ManifestPath.ToTable(store.Put(image.Sha256, image.Format, image.Found.Image.Bytes!, cancel), manifest);
            Write(Row(image, status is Status.Ok or Status.Duplicate ? stored[image.Sha256] : "", status, reason, columns), status, reason);
            bytes += image.Found.Image.Bytes?.Length ?? 0;
            added++;
            progress?.Report(new CrawlProgress(added, stored.Count, bytes));
        }
        if (rows == 0) throw new CrawlException($"no images in {string.Join(", ", options.Sources)}; check the folder, the glob or the table");
        writer.Commit();
        WriteProvenance(options, manifest, counts, clock.Elapsed.TotalSeconds);
        return new CrawlSummary(rows, added, counts, manifest, clock.Elapsed.TotalSeconds);

        void Write(IReadOnlyList<string?> fields, string status, string reason)
        {
            writer.Write(fields);
            string key = reason.Length == 0 ? status : $"{status}/{reason}";
            counts[key] = counts.GetValueOrDefault(key) + 1;
            rows++;
        }
    }

    /// <summary>Decodes on several workers, keeps the order of the sources, holds a bounded number of images.</summary>
    private static IEnumerable<CheckedImage> Check(CrawlOptions options, HashSet<string> known, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var checks = new TransformBlock<FoundImage, CheckedImage>(found => CheckedImage.From(found, options), new ExecutionDataflowBlockOptions
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
                foreach (FoundImage found in options.Sources.SelectMany(source => CrawlSource.Open(source, options.Limits.MaxBytes, stop.Token)))
                {
                    if (!known.Contains(found.Image.Path) && !await checks.SendAsync(found, stop.Token).ConfigureAwait(false)) return;
                }
            }
            finally
            {
                checks.Complete();
            }
        }, CancellationToken.None);
        try
        {
            while (checks.OutputAvailableAsync(cancel).GetAwaiter().GetResult()) yield return checks.Receive(cancel);
            feeding.GetAwaiter().GetResult();
            checks.Completion.GetAwaiter().GetResult();
        }
        finally
        {
            stop.Cancel();
        }
    }

    private static string?[] Row(CheckedImage image, string path, string status, string reason, string[] columns)
    {
        var own = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["path"] = path,
            ["sha256"] = image.Sha256,
            ["source"] = image.Found.Image.Path,
            ["width"] = Number(image.Width),
            ["height"] = Number(image.Height),
            ["format"] = image.Format,
            ["bytes"] = Number(image.Found.Image.Bytes?.Length ?? 0),
            ["phash"] = image.PerceptualHash?.ToString("x16", CultureInfo.InvariantCulture),
            ["status"] = status,
            ["reason"] = reason,
        };
        return [.. columns.Select(column => own.TryGetValue(column, out string? value) ? value : image.Found.Row?[column])];
    }

    private static string? Number(int value) => value > 0 ? value.ToString(CultureInfo.InvariantCulture) : null;

    private static void WriteProvenance(CrawlOptions options, string manifest, IReadOnlyDictionary<string, long> counts, double seconds) => new Provenance
    {
        Version = typeof(CrawlRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
        Command = "crawl",
        Options = new Dictionary<string, string> { ["sources"] = string.Join('\n', options.Sources), ["min-side"] = options.MinSide.ToString(CultureInfo.InvariantCulture) },
        Counts = counts,
        Seconds = seconds,
    }.WriteBeside(manifest);
}
