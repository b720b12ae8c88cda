// One process at work on a plan: a teacher that is loaded once, and the shards of its share one after another.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Probe.Sharding;

/// <summary>A plan with what is needed to score its shards.</summary>
internal sealed class ShardedRun : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly ScoreOptions options;
    private readonly ShardOptions sharding;
    private readonly ScoreInputs inputs;
    private readonly string folder;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private long rows,
        failedRows;

    /// <summary>Takes the plan that is there, or makes it where none is.</summary>
    /// <param name="options">The run; with <see cref="ScoreOptions.Overwrite"/> the plan is made anew.</param>
    /// <param name="sharding">The share.</param>
    /// <param name="mayPlan">Whether a plan may be made.</param>
    /// <param name="cancel">Stops.</param>
    public ShardedRun(ScoreOptions options, ShardOptions sharding, bool mayPlan, CancellationToken cancel)
    {
        (this.options, this.sharding) = (options, sharding);
        (options with { Resume = !options.Overwrite }).Validate();
        if (sharding.Size < 1)
            throw new ScoreException($"Size {sharding.Size}: give at least 1") { Options = [nameof(ShardOptions.Size)] };
        NumericProfiles.Apply(options.Numerics);
        Table.RequireWritable(options.Output);
        ScoreJournal.RefuseForeign(options.Output);
        folder = ScoreJournal.FolderOf(options.Output);
        Store = new PartStore(folder);
        if (mayPlan)
            RefuseFinished();
        else if (ScorePlan.Read(folder) is null)
            throw new ScoreException(
                File.Exists(options.Output)
                    ? $"{folder} has no plan, and {options.Output} is there: it is finished"
                    : $"{folder} has no plan of shards; make one with --plan or --shard i/n"
            );
        Teacher = new TeacherPass(options);
        try
        {
            inputs = new ScoreInputs(options);
            string[] columns = ScoreRun.ColumnsOf(options, Teacher, inputs);
            string fingerprint = ScoreJournal.FingerprintOf(options, Teacher, columns, cancel);
            Plan = mayPlan ? Planned(columns, fingerprint, cancel) : ScorePlan.Read(folder)!;
            Plan.Require(options, ScoreJournal.HashesOf(options.Teacher, cancel), fingerprint, folder, columns, Teacher.BatchSize);
            if (sharding.Size is not null && SizeOf(sharding) != Plan.ShardSize)
                throw new ScoreException(
                    $"Size {sharding.Size}: {ScorePlan.PathIn(folder)} has shards of {Plan.ShardSize}; leave it out, or begin anew with --plan --overwrite"
                )
                {
                    Options = [nameof(ShardOptions.Size)],
                };
            foreach ((string name, string sha256) in Plan.Prelude)
            {
                string file = Path.Combine(folder, name);
                if (!File.Exists(file) || Provenance.HashFile(file, cancel) != sha256)
                    throw new ScoreException(
                        $"{file} is gone or altered, and the plan's shards depend on it; put it back, or begin anew with --plan --overwrite"
                    );
            }
            ScorePrelude.Load(options, Teacher, folder);
        }
        catch
        {
            Teacher.Dispose();
            throw;
        }
    }

    public ScorePlan Plan { get; }

    public PartStore Store { get; }

    public TeacherPass Teacher { get; }

    /// <summary>Is asked of every image's file; throws where it may not be looked at.</summary>
    public Action<string>? Guard
    {
        set => inputs.Guard = value;
    }

    /// <summary>Runs since the process took the plan.</summary>
    public Stopwatch Clock => clock;

    /// <summary>Rows that this process scored.</summary>
    public long Rows => rows;

    public void Dispose() => Teacher.Dispose();

    /// <summary>Scores the shards of the share that have no part.</summary>
    public ShardSummary Work(IProgress<ScoreProgress>? progress, CancellationToken cancel)
    {
        using ShardInputs images = Open();
        List<int> failed = new();
        int done = 0;
        foreach (int shard in sharding.Share.Of(Plan.Shards.Count))
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                if (sharding.RetryFailed)
                    Store.Forget(shard);
                if (IsDone(shard, cancel))
                    continue;
                while (!Store.Attempts.IsPoison(shard) && !Try(shard, images, progress, cancel)) { }
                if (Store.Read(shard) is null)
                    failed.Add(shard);
                else
                    done++;
            }
            catch (IOException) when (!File.Exists(ScorePlan.PathIn(folder)))
            {
                sharding.Note?.Invoke($"{options.Output} was finished by another process meanwhile");
                return new ShardSummary(Plan.Shards.Count, done, rows, Plan.Shards.Count, [], clock.Elapsed.TotalSeconds);
            }
        }
        if (failed.Count > 0)
            FailedShards.Write(Store.Attempts, Plan.Shards.Count, Store.IsFinished);
        return Summary(done, failed);
    }

    /// <summary>The inputs, to be read in shards.</summary>
    public ShardInputs Open() => new(inputs, Plan, options.Output);

    /// <summary>Scores one shard, once, unless it is finished or is not to be tried again.</summary>
    public ShardOutcome One(int shard, ShardInputs images, IProgress<ScoreProgress>? progress, CancellationToken cancel) =>
        IsDone(shard, cancel) ? ShardOutcome.Done
        : Store.Attempts.IsPoison(shard) ? ShardOutcome.Failed
        : Try(shard, images, progress, cancel) ? ShardOutcome.Done
        : Store.Attempts.IsPoison(shard) ? ShardOutcome.Failed
        : ShardOutcome.Again;

    /// <summary>Where the plan stands.</summary>
    public ShardSummary Summary(int done, IReadOnlyList<int> failed) =>
        new(
            Plan.Shards.Count,
            done,
            rows,
            Enumerable.Range(0, Plan.Shards.Count).Count(Store.IsFinished),
            failed,
            clock.Elapsed.TotalSeconds
        );

    /// <summary>Refuses a part of another version, teacher or numeric profile.</summary>
    /// <exception cref="ScoreException">It is one.</exception>
    public void Require(Part part)
    {
        string? other =
            part.Version != Plan.Version ? $"version {part.Version}, and the plan is of {Plan.Version}"
            : part.Numerics != Plan.Numerics ? $"--numerics {part.Numerics}, and the plan is for {Plan.Numerics}"
            : part.Fingerprint != Plan.Fingerprint ? "another teacher, other inputs or other options than the plan's"
            : part.Rows != Plan.Shards[part.Shard].Places ? $"{part.Rows} rows, and the plan has {Plan.Shards[part.Shard].Places}"
            : null;
        if (other is not null)
            throw new ScoreException(
                $"{Store.NoteOf(part.Shard)} is of {other}; delete it, and the shard is computed again by --shard or --resume"
            );
    }

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

    private bool IsDone(int shard, CancellationToken cancel)
    {
        if (Store.Read(shard) is not { } part)
            return false;
        Require(part);
        if (Store.DamageOf(part, cancel) is not { } damage)
            return true;
        // Who is finishing removes the plan first.
        if (!File.Exists(ScorePlan.PathIn(folder)))
            throw new IOException(damage);
        sharding.Note?.Invoke($"{damage}; the shard is computed again");
        Store.Remove(shard);
        return false;
    }

    // What a machine lacks (disk, rights, memory) is no fault of the shard: it ends the process and does not count.
    private bool Try(int shard, ShardInputs images, IProgress<ScoreProgress>? progress, CancellationToken cancel)
    {
        if (!File.Exists(ScorePlan.PathIn(folder)))
            throw new IOException("the plan is gone");
        using PartAttempt attempt = new(Store, shard);
        try
        {
            attempt.Commit(Compute(shard, attempt, images, progress, cancel));
            return true;
        }
        catch (Exception wrong)
            when (wrong
                    is not (
                        OperationCanceledException
                        or IOException
                        or UnauthorizedAccessException
                        or OutOfMemoryException
                        or ShardException
                    )
            )
        {
            attempt.Fail(new Failure(wrong.Message, Lasting: wrong is DataFreeKDException));
            return false;
        }
    }

    private Part Compute(int shard, PartAttempt attempt, ShardInputs images, IProgress<ScoreProgress>? progress, CancellationToken cancel)
    {
        long began = Stopwatch.GetTimestamp(),
            before = rows;
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
                progress?.Report(new ScoreProgress(rows, failedRows, rows / clock.Elapsed.TotalSeconds));
            }
            vectors?.Commit();
            table.Commit();
        }
        return new Part
        {
            Shard = shard,
            Rows = rows - before,
            Sha256 = Provenance.HashFile(attempt.Rows, cancel),
            EmbeddingsSha256 = Plan.Embeddings ? Provenance.HashFile(attempt.Vectors, cancel) : null,
            Counts = counts,
            Attempt = attempt.Name,
            Host = Environment.MachineName,
            Isa = NumericProfiles.InstructionsOf(options.Numerics),
            Numerics = options.Numerics.Name(),
            Version = Provenance.ToolVersion,
            Fingerprint = Plan.Fingerprint,
            Seconds = Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3),
        };
    }

    private int SizeOf(ShardOptions shards) => Math.Max(1, (shards.Size ?? ShardOptions.UsualSize) / Teacher.BatchSize) * Teacher.BatchSize;

    // One process plans, and the others wait for it: an array of jobs begins all at once.
    private ScorePlan Planned(IReadOnlyList<string> columns, string fingerprint, CancellationToken cancel)
    {
        bool told = false;
        while (true)
        {
            if (!options.Overwrite && ScorePlan.Read(folder) is { } there)
                return there;
            RefuseFinished();
            using (OutputLock? held = OutputLock.TryTake(options.Output, "score", out string? holder, ScoreOutput.Shared(options)))
            {
                if (held is not null)
                {
                    if (options.Overwrite || ScorePlan.Read(folder) is null)
                    {
                        RefuseFinished();
                        ScoreOutput.RefuseForeign(options);
                        PlanMaker.Make(options, SizeOf(sharding), Teacher, inputs, columns, fingerprint, cancel);
                    }
                    return ScorePlan.Read(folder) ?? throw new ScoreException($"{folder}: the plan is gone; see who else writes there");
                }
                if (options.Overwrite)
                    throw new OutputException($"{holder}; wait for it, or name another output");
                if (!told)
                    sharding.Note?.Invoke($"waiting for the plan: {holder}");
                told = true;
            }
            cancel.WaitHandle.WaitOne(Pause);
            cancel.ThrowIfCancellationRequested();
        }
    }

    private void RefuseFinished()
    {
        if (!options.Overwrite && File.Exists(options.Output) && !File.Exists(ScorePlan.PathIn(folder)))
            throw new ScoreException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{options.Output} exists, and no plan of shards beside it: it is finished; name another output, or begin anew with --plan --overwrite"
                )
            );
    }
}
