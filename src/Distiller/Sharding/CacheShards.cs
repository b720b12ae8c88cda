// A cache in shards: planned once, computed by any number of processes on any number of machines, joined once.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Sharding;

/// <summary>Splits <see cref="CacheRun"/>. The file is, byte for byte, that of one process; the disk alone says what is finished.</summary>
internal static class CacheShards
{
    /// <summary>The usual number of records a shard, rounded down to whole steps.</summary>
    public const int UsualSize = 65_536;

    /// <summary>Makes the plan, where there is none. The first process to work would do it too.</summary>
    /// <param name="options">The run; with <see cref="BatchOptions.Overwrite"/> an earlier plan and its parts are removed.</param>
    /// <param name="size">Records a shard; null for the usual.</param>
    /// <param name="note">Hears what is waited for.</param>
    /// <param name="progress">Told of the images as they are read.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="DistillException">Options, data or teacher that do not fit, or are not those of the plan.</exception>
    public static ShardSummary Plan(
        CacheOptions options,
        int? size = null,
        Action<string>? note = null,
        IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        using IPlanPlace place = CachePlace.Of(options, cancel: cancel);
        using ShardedCache run = new(options, place, size, mayPlan: true, note, progress, cancel);
        return run.Parts.Summary(0, 0, []);
    }

    /// <summary>Computes the shards of a share that are not finished. The first process makes the plan; the others wait for it.</summary>
    /// <param name="options">The run.</param>
    /// <param name="share">The share.</param>
    /// <param name="size">Records a shard; null for the usual, or the plan's.</param>
    /// <param name="retryFailed">Whether shards are tried again that failed before.</param>
    /// <param name="note">Hears what is waited for, and what was found damaged.</param>
    /// <param name="progress">Told every step.</param>
    /// <param name="cancel">Stops; finished shards stay.</param>
    /// <exception cref="DistillException">Options, data or teacher that do not fit, or are not those of the plan.</exception>
    /// <exception cref="ShardException">Another process computed other bytes for a shard.</exception>
    public static ShardSummary Work(
        CacheOptions options,
        ShardShare share,
        int? size = null,
        bool retryFailed = false,
        Action<string>? note = null,
        IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        if (options.Overwrite)
            throw new DistillException(
                "--shard with --overwrite: a share cannot tell the others to begin anew; give --plan --overwrite first"
            );
        using IPlanPlace place = CachePlace.Of(options, cancel: cancel);
        using ShardedCache run = new(options, place, size, mayPlan: true, note, progress, cancel);
        return run.Work(share, retryFailed, progress, cancel);
    }

    /// <summary>Joins the shards into the cache, and removes them.</summary>
    /// <param name="options">The run.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="DistillException">There is no plan, or options or teacher are not those of the plan.</exception>
    /// <exception cref="ShardException">Shards are missing, failed, contradict or are damaged.</exception>
    /// <exception cref="OutputException">Another process is writing the output.</exception>
    public static CacheSummary Finish(CacheOptions options, CancellationToken cancel = default)
    {
        using OutputLock held = OutputLock.Take(options.Output, "cache", Provenance.PathBeside(options.Output));
        // The plan is not made anew, whatever may be replaced.
        using IPlanPlace place = CachePlace.Of(options, joins: true, cancel);
        using ShardedCache run = new(options with { Overwrite = false }, place, null, mayPlan: false, null, null, cancel);
        return Complete(run, options, held, cancel);
    }

    /// <summary>Where the plan of a cache stands that lies beside it, for whoever hands out its shards.</summary>
    /// <exception cref="DistillException">There is no plan, or it cannot be read.</exception>
    public static PartBoard Board(string output) => Board(CachePlace.Beside(output), output);

    /// <summary>Where a plan stands, for whoever hands out its shards.</summary>
    /// <param name="place">Where it lies.</param>
    /// <param name="output">The cache.</param>
    /// <exception cref="DistillException">There is no plan, or it cannot be read.</exception>
    public static PartBoard Board(IPlanPlace place, string output)
    {
        (CachePlan plan, string sha256) = CachePlan.Read(place) ?? throw new DistillException($"{place.Name} has no plan of shards");
        return new PartBoard(place.Parts(sha256), plan.Parts(output, sha256));
    }

    /// <summary>Goes on with a plan in one process, to the end.</summary>
    /// <exception cref="DistillException">It is not asked for.</exception>
    public static CacheSummary Resume(
        CacheOptions options,
        IPlanPlace place,
        CachePlan plan,
        OutputLock held,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        if (!options.Resume)
            throw new DistillException(
                $"{place.Name} holds a plan of {plan.Shards} shards; go on with --shard, --finish or --resume, or begin anew with --overwrite"
            );
        using ShardedCache run = new(options, place, null, mayPlan: false, null, progress, cancel);
        run.Work(ShardShare.All, retryFailed: true, progress, cancel);
        return Complete(run, options, held, cancel);
    }

    private static CacheSummary Complete(ShardedCache run, CacheOptions options, OutputLock held, CancellationToken cancel)
    {
        long bytes = run.Head.Bytes.Length + (run.Head.Header.Records * run.Plan.RecordBytes);
        // An interrupted finish left the file whole.
        if (File.Exists(options.Output) && !options.Overwrite && !run.Plan.Replaces && !IsOwn(options.Output, run.Head.Bytes, bytes))
            throw new DistillException($"{options.Output} appeared since the plan was made; move it away, or add Overwrite to replace it")
            {
                Options = [nameof(CacheOptions.Overwrite)],
            };
        Provenance.RefuseForeign(options.Output, options.Overwrite || run.Plan.Replaces);
        run.Parts.Failed(0, null);
        IReadOnlyDictionary<int, Part> parts = run.Parts.Checked(new HashSet<int>(), cancel);
        FreeSpace.Require(options.Output, bytes);
        using (AtomicFile file = new(options.Output))
        {
            file.Stream.Write(run.Head.Bytes);
            for (int shard = 0; shard < run.Parts.Shards; shard++)
            {
                cancel.ThrowIfCancellationRequested();
                using FileStream part = File.OpenRead(run.Parts.Store.RowsOf(shard));
                part.CopyTo(file.Stream);
            }
            if (file.Stream.Length != bytes)
                throw new IOException(
                    $"the parts of {options.Output} came to {file.Stream.Length} bytes, and {bytes} were written; finish it again"
                );
            held.RefuseAppeared(options.Overwrite || run.Plan.Replaces);
            file.Commit();
        }
        string[] kinds = [.. parts.Values.Select(part => part.Isa).Distinct().Order(StringComparer.Ordinal)];
        double seconds = run.Parts.Clock.Elapsed.TotalSeconds;
        CacheRun.WriteProvenance(
            options,
            run.Head.Header,
            run.Plan.Inputs,
            options.Numerics == NumericProfile.Native && kinds.Length > 1 ? $"native ({string.Join(", ", kinds)})" : null,
            seconds
        );
        run.Place.Remove($"it was finished as {options.Output}");
        if (run.Place.Files != run.Place.Name)
            CacheFolder.Remove(run.Place.Files);
        return CacheRun.Summary(options, run.Head.Header, run.Plan.Skipped, run.Head.Header.Records - run.Records, seconds);
    }

    private static bool IsOwn(string path, byte[] head, long length)
    {
        using FileStream file = File.OpenRead(path);
        byte[] begin = new byte[head.Length];
        return file.Length == length && file.ReadAtLeast(begin, begin.Length, false) == begin.Length && begin.AsSpan().SequenceEqual(head);
    }
}
