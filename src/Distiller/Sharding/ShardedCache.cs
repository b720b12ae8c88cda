// One process at work on a cache in shards: a teacher and images that are loaded once, and the shards of its share one after another.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Caching;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Sharding;

/// <summary>A plan with what is needed to compute its shards. The images are read when the first shard needs them.</summary>
internal sealed class ShardedCache : IDisposable
{
    private readonly CacheOptions options;
    private readonly IPlanPlace place;
    private readonly CacheSteps steps;
    private readonly (byte[] Bytes, CacheHeader Header, int[] Decisions) head;
    private bool fits;
    private long records;

    /// <summary>Takes the plan that is there, or makes it where none is.</summary>
    /// <param name="options">The run; with <see cref="BatchOptions.Overwrite"/> the plan is made anew.</param>
    /// <param name="place">Where the plan lies.</param>
    /// <param name="size">Records a shard; null for the usual, or the plan's.</param>
    /// <param name="mayPlan">Whether a plan may be made.</param>
    /// <param name="note">Hears what is waited for, and what was found damaged.</param>
    /// <param name="progress">Told of the images as they are read.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="DistillException">Options, data or teacher that do not fit, or are not those of the plan.</exception>
    public ShardedCache(
        CacheOptions options,
        IPlanPlace place,
        int? size,
        bool mayPlan,
        Action<string>? note,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        (this.options, this.place) = (options, place);
        (options with { Resume = false }).Validate();
        if (size < 1)
            throw new DistillException($"--shard-size {size}: give at least 1");
        if (Directory.Exists(options.Output))
            throw new DistillException($"{options.Output} is a folder; name a file");
        CacheFolder.RefuseForeign(CacheFolder.Of(options.Output));
        if (mayPlan)
            RefuseFinished();
        else if (!place.IsPlanned)
            throw new DistillException(Unplanned.Reason(place, options.Output));
        NumericProfiles.Apply(options.Numerics);
        if (!(mayPlan && options.Overwrite) && CachePlan.Read(place) is var (there, _))
            Require(there);
        steps = new CacheSteps(options, cancel);
        try
        {
            (Plan, string sha256) = mayPlan ? Planned(size, note, progress, cancel) : Read()!;
            Require(Plan);
            place.Bring(Plan.Learned, cancel);
            head = Plan.Head(place.Files, place.Name);
            // What the images decide is compared once they are read.
            CacheKey.Check(CachePlan.PathIn(place.Name), head.Header.Key, steps.OptionsKey);
            if (head.Header.TopK != steps.TopK)
                throw Other($"--top-k {head.Header.TopK} and this process is for {steps.TopK}");
            if (!head.Header.Preprocessing.Equals(steps.Preprocessing))
                throw Other("other preprocessing of images than this process has");
            if (size is not null && StepsOf(size) != Plan.ShardSteps)
                throw new DistillException(
                    $"--shard-size {size}: {CachePlan.PathIn(place.Name)} has shards of {Plan.ShardSteps * Plan.BatchSize}; leave it out, or begin anew with --plan --overwrite"
                );
            Parts = new PlannedParts(
                place.Parts(sha256),
                Plan.Parts(options.Output, sha256),
                NumericProfiles.InstructionsOf(options.Numerics),
                note
            );
        }
        catch
        {
            steps.Dispose();
            throw;
        }
    }

    /// <summary>The plan.</summary>
    public CachePlan Plan { get; }

    /// <summary>Where it lies.</summary>
    public IPlanPlace Place => place;

    /// <summary>The shards.</summary>
    public PlannedParts Parts { get; }

    /// <summary>Header and decisions, as the file begins.</summary>
    public (byte[] Bytes, CacheHeader Header, int[] Decisions) Head => head;

    /// <summary>Records that this process computed.</summary>
    public long Records => records;

    /// <summary>Computes the shards of a share that have no part.</summary>
    /// <param name="share">The share.</param>
    /// <param name="retryFailed">Whether shards are tried again that failed before.</param>
    /// <param name="progress">Told every step.</param>
    /// <param name="cancel">Stops; finished shards stay.</param>
    /// <exception cref="DistillException">The images are not the plan's, which is no fault of a shard.</exception>
    public ShardSummary Work(ShardShare share, bool retryFailed, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        if (share.Of(Parts.Shards).Any(shard => !Parts.Store.IsFinished(shard)))
            RequireImages(progress, cancel);
        return Parts.Work(share, retryFailed, (shard, attempt) => Compute(shard, attempt, progress, null, cancel), () => records, cancel);
    }

    /// <summary>Computes one shard, once, unless it is finished or is not to be tried again.</summary>
    /// <param name="shard">Its number.</param>
    /// <param name="rows">Hears the records of it that are computed.</param>
    /// <param name="cancel">Stops; that does not count against the shard.</param>
    public ShardOutcome One(int shard, Action<long>? rows, CancellationToken cancel) =>
        Parts.One(shard, (number, attempt) => Compute(number, attempt, null, rows, cancel), cancel);

    /// <summary>Reads the images, and sees whether they are the plan's.</summary>
    /// <exception cref="DistillException">They are not.</exception>
    public void Load(CancellationToken cancel) => RequireImages(null, cancel);

    /// <inheritdoc/>
    public void Dispose()
    {
        steps.Dispose();
        place.Dispose();
    }

    private PartRows Compute(
        int shard,
        IPartAttempt attempt,
        IProgress<TrainProgress>? progress,
        Action<long>? rows,
        CancellationToken stop
    )
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop, attempt.Lost);
        CancellationToken cancel = end.Token;
        RequireImages(progress, cancel);
        (int from, int to) = Plan.StepsOf(shard);
        long own = 0;
        using AtomicFile file = new(attempt.Rows);
        steps.Write(
            from,
            to,
            step =>
            {
                file.Stream.Write(step);
                own += Plan.BatchSize;
                records += Plan.BatchSize;
                rows?.Invoke(own);
            },
            progress,
            cancel
        );
        file.Commit();
        return new PartRows(own, new Dictionary<string, long>());
    }

    private void RequireImages(IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        if (fits)
            return;
        steps.Load(progress, cancel);
        CacheKey.Check(CachePlan.PathIn(place.Name), head.Header.Identity(), steps.Header.Identity());
        if (!steps.Header.ToBytes(head.Decisions).AsSpan().SequenceEqual(head.Bytes))
            throw Other("another teacher or other images than this process has");
        fits = true;
    }

    private DistillException Other(string what) =>
        new($"{CachePlan.PathIn(place.Name)} is for {what}; give the plan's, or begin anew with --plan --overwrite");

    private void Require(CachePlan plan) =>
        plan.Require(options, torch.get_num_threads(), Provenance.ToolVersion, options.Numerics.Name(), place.Name);

    private int StepsOf(int? size) => Math.Max(1, (size ?? CacheShards.UsualSize) / options.BatchSize);

    private Opened? Read() => CachePlan.Read(place) is var (plan, sha256) ? new Opened(plan, sha256) : null;

    private Opened Planned(int? size, Action<string>? note, IProgress<TrainProgress>? progress, CancellationToken cancel) =>
        PlanTurn.Of(Read, () => Make(StepsOf(size), progress, cancel), RefuseFinished, place.TakeTurn, options.Overwrite, note, cancel);

    private void Make(int shardSteps, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        Provenance.RefuseForeign(options.Output, options.Overwrite);
        CacheWriter.RefuseForeign(options.Output);
        string part = CacheWriter.PartOf(options.Output);
        if (options.Overwrite)
        {
            place.Remove(ended: null);
            File.Delete(part);
        }
        else if (File.Exists(part))
            throw new DistillException(
                $"{part} holds records of an interrupted run that was not split; go on with --resume, or begin anew with --plan --overwrite"
            );
        steps.Load(progress, cancel);
        byte[] bytes = steps.Header.ToBytes(steps.Decisions());
        int recordBytes = new CacheRecord(steps.Header.Classes, steps.Header.TopK).Bytes;
        FreeSpace.Require(options.Output, steps.Header.Records * recordBytes);
        AtomicFile.WriteAllBytes(CacheFolder.HeadIn(place.Files), bytes);
        CachePlan plan = new()
        {
            Version = Provenance.ToolVersion,
            Numerics = options.Numerics.Name(),
            Threads = torch.get_num_threads(),
            Device = CachePlan.DeviceOf(options),
            Fingerprint = FileHash.Of(CacheFolder.HeadIn(place.Files), cancel),
            Inputs = steps.Inputs,
            Skipped = steps.Skipped,
            Replaces = options.Overwrite && File.Exists(options.Output),
            BatchSize = options.BatchSize,
            RecordBytes = recordBytes,
            Steps = steps.Count,
            ShardSteps = shardSteps,
        };
        place.WritePlan(ShardJson.Lines(plan), plan.Learned, cancel);
    }

    private void RefuseFinished()
    {
        if (options.Overwrite || place.IsPlanned)
            return;
        if (place.Ended is { } ended)
            throw new DistillException($"{place.Name}: {ended}; name another place, or begin anew with --plan --overwrite");
        if (File.Exists(options.Output))
            throw new DistillException(
                $"{options.Output} exists, and no plan of shards {(place.Files == place.Name ? "beside it" : $"in {place.Name}")}: it is finished; name another output, or begin anew with --plan --overwrite"
            );
    }

    private sealed record Opened(CachePlan Plan, string Sha256);
}
