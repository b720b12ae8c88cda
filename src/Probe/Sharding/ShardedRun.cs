// One process at work on a plan: a teacher that is loaded once, and the shards of its share one after another.

using System.Runtime.InteropServices;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Probe.Sharding;

/// <summary>A plan with what is needed to score its shards.</summary>
internal sealed class ShardedRun : IDisposable
{
    private readonly ScoreOptions options;
    private readonly ShardOptions sharding;
    private readonly ScoreInputs inputs;
    private readonly IPlanPlace place;
    private readonly PlannedParts parts;
    private long rows,
        failedRows;

    /// <summary>Takes the plan that is there, or makes it where none is.</summary>
    /// <param name="options">The run; with <see cref="ScoreOptions.Overwrite"/> the plan is made anew.</param>
    /// <param name="place">Where the plan lies.</param>
    /// <param name="sharding">The share.</param>
    /// <param name="mayPlan">Whether a plan may be made.</param>
    /// <param name="cancel">Stops.</param>
    public ShardedRun(ScoreOptions options, IPlanPlace place, ShardOptions sharding, bool mayPlan, CancellationToken cancel)
    {
        (this.options, this.place, this.sharding) = (options, place, sharding);
        (options with { Resume = !options.Overwrite }).Validate();
        if (sharding.Size < 1)
            throw new ScoreException($"Size {sharding.Size}: give at least 1") { Options = [nameof(ShardOptions.Size)] };
        NumericProfiles.Apply(options.Numerics);
        Table.RequireWritable(options.Output);
        ScoreJournal.RefuseForeign(options.Output);
        if (mayPlan)
            RefuseFinished();
        else if (!place.IsPlanned)
            throw new ScoreException(Unplanned.Reason(place, options.Output));
        Teacher = new TeacherPass(options);
        try
        {
            inputs = new ScoreInputs(options);
            string[] columns = ScoreRun.ColumnsOf(options, Teacher, inputs);
            string fingerprint = ScoreJournal.FingerprintOf(options, Teacher, columns, cancel);
            (Plan, string sha256) = mayPlan ? Planned(columns, fingerprint, cancel) : Read()!;
            Plan.Require(options, ScoreJournal.HashesOf(options.Teacher, cancel), fingerprint, place.Name, columns, Teacher.BatchSize);
            if (sharding.Size is not null && SizeOf(sharding) != Plan.ShardSize)
                throw new ScoreException(
                    $"Size {sharding.Size}: {ScorePlan.PathIn(place.Name)} has shards of {Plan.ShardSize}; leave it out, or begin anew with --plan --overwrite"
                )
                {
                    Options = [nameof(ShardOptions.Size)],
                };
            if (place.Files != place.Name)
                ScoreJournal.Claim(place.Files, fingerprint);
            place.Bring(Plan.Prelude, cancel);
            foreach ((string name, string learned) in Plan.Prelude)
            {
                string file = Path.Combine(place.Files, name);
                if (!File.Exists(file) || Provenance.HashFile(file, cancel) != learned)
                    throw new ScoreException(
                        $"{Path.Combine(place.Name, name)} is gone or altered, and the plan's shards depend on it; put it back, or begin anew with --plan --overwrite"
                    );
            }
            ScorePrelude.Load(options, Teacher, place.Files);
            parts = new PlannedParts(
                place.Parts(sha256),
                Plan.Parts(options.Output, sha256),
                NumericProfiles.InstructionsOf(options.Numerics),
                sharding.Note
            );
        }
        catch
        {
            Teacher.Dispose();
            throw;
        }
    }

    public ScorePlan Plan { get; }

    /// <summary>Where it lies.</summary>
    public IPlanPlace Place => place;

    /// <summary>The shards.</summary>
    public PlannedParts Parts => parts;

    public TeacherPass Teacher { get; }

    /// <summary>Is asked of every image's file; throws where it may not be looked at.</summary>
    public Action<string>? Guard
    {
        set => inputs.Guard = value;
    }

    /// <summary>Rows that this process scored.</summary>
    public long Rows => rows;

    public void Dispose() => Teacher.Dispose();

    /// <summary>Scores the shards of the share that have no part.</summary>
    public ShardSummary Work(IProgress<ScoreProgress>? progress, CancellationToken cancel)
    {
        using ShardInputs images = Open();
        return parts.Work(
            sharding.Share,
            sharding.RetryFailed,
            (shard, attempt) => Compute(shard, attempt, images, progress, cancel),
            () => rows,
            cancel
        );
    }

    /// <summary>The inputs, to be read in shards.</summary>
    public ShardInputs Open() => new(inputs, Plan, options.Output);

    /// <summary>Scores one shard, once, unless it is finished or is not to be tried again.</summary>
    public ShardOutcome One(int shard, ShardInputs images, IProgress<ScoreProgress>? progress, CancellationToken cancel) =>
        parts.One(shard, (number, attempt) => Compute(number, attempt, images, progress, cancel), cancel);

    /// <summary>Where the plan stands.</summary>
    public ShardSummary Summary() => parts.Summary(0, rows, []);

    /// <summary>The rows of a shard that failed: its images, with status <c>failed</c> and reason <c>shard</c>.</summary>
    public void WriteFailed(int shard, string table, string vectors, CancellationToken cancel)
    {
        using ShardInputs images = Open();
        using TableWriter writer = Table.Create(table, Plan.Columns);
        using AtomicFile? numbers = Plan.Embeddings ? new AtomicFile(vectors) : null;
        foreach (ScoreInput input in images.Of(Plan.Shards[shard], cancel))
        {
            DecodedInput none = new(input, "", 0, 0, null, input.Image.Reason ?? Reason.Shard);
            writer.Write(ScoreRow.Of(new ScoredInput(none, null), Teacher, options.Output, inputs.Carried));
            numbers?.Stream.Write(MemoryMarshal.AsBytes(Teacher.NoEmbedding.AsSpan()));
        }
        numbers?.Commit();
        writer.Commit();
    }

    private PartRows Compute(
        int shard,
        IPartAttempt attempt,
        ShardInputs images,
        IProgress<ScoreProgress>? progress,
        CancellationToken stop
    )
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop, attempt.Lost);
        CancellationToken cancel = end.Token;
        long before = rows;
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        using (TableWriter table = Table.Create(attempt.Rows, Plan.Columns))
        using (AtomicFile? vectors = Plan.Embeddings ? new AtomicFile(attempt.Vectors) : null)
        {
            foreach (
                IReadOnlyList<ScoredInput> batch in BatchWorkers.Run(
                    Teacher.Bounded(images.Of(Plan.Shards[shard], cancel)),
                    Plan.BatchSize,
                    Teacher.Workers,
                    Teacher.Score,
                    cancel
                )
            )
            {
                cancel.ThrowIfCancellationRequested();
                foreach (ScoredInput image in batch)
                {
                    failedRows += image.Image.Reason is null ? 0 : 1;
                    rows++;
                    string?[] row = ScoreRow.Of(image, Teacher, options.Output, inputs.Carried);
                    table.Write(row);
                    string key = ScoreRow.KeyOf(row);
                    counts[key] = counts.GetValueOrDefault(key) + 1;
                    vectors?.Stream.Write(MemoryMarshal.AsBytes((image.Scores?.Embedding ?? Teacher.NoEmbedding).AsSpan()));
                }
                progress?.Report(new ScoreProgress(rows, failedRows, rows / parts.Clock.Elapsed.TotalSeconds));
            }
            vectors?.Commit();
            table.Commit();
        }
        return new PartRows(rows - before, counts);
    }

    private int SizeOf(ShardOptions shards) => Math.Max(1, (shards.Size ?? ShardOptions.UsualSize) / Teacher.BatchSize) * Teacher.BatchSize;

    private Opened? Read() => ScorePlan.Read(place) is var (plan, sha256) ? new Opened(plan, sha256) : null;

    private Opened Planned(IReadOnlyList<string> columns, string fingerprint, CancellationToken cancel) =>
        PlanTurn.Of(
            Read,
            () =>
            {
                ScoreOutput.RefuseForeign(options);
                PlanMaker.Make(options, SizeOf(sharding), Teacher, inputs, columns, fingerprint, place, cancel);
            },
            RefuseFinished,
            place.TakeTurn,
            options.Overwrite,
            sharding.Note,
            cancel
        );

    private void RefuseFinished()
    {
        if (options.Overwrite || place.IsPlanned)
            return;
        if (place.Ended is { } ended)
            throw new ScoreException($"{place.Name}: {ended}; name another place, or begin anew with --plan --overwrite");
        if (File.Exists(options.Output))
            throw new ScoreException(
                $"{options.Output} exists, and no plan of shards {(place.Files == place.Name ? "beside it" : $"in {place.Name}")}: it is finished; name another output, or begin anew with --plan --overwrite"
            );
    }

    private sealed record Opened(ScorePlan Plan, string Sha256);
}
