// One process at work on a plan whose shards end as parts: which are finished, which are to be tried, and whether all are there.

using System.Diagnostics;

namespace DataFreeKD.Core.Sharding;

/// <summary>What an attempt wrote.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Counts">Rows by status; empty where they have none.</param>
internal sealed record PartRows(long Rows, IReadOnlyDictionary<string, long> Counts);

/// <summary>The shards of a plan, computed one after another and joined at the end. The disk alone says what is done.</summary>
/// <param name="store">The parts.</param>
/// <param name="plan">What they must be.</param>
/// <param name="instructions">The widest vectors that this process's libraries are allowed.</param>
/// <param name="note">Hears what was found damaged, and that others finished meanwhile.</param>
internal sealed class PlannedParts(IPartStore store, PartPlan plan, string instructions, Action<string>? note)
{
    private readonly Stopwatch clock = Stopwatch.StartNew();

    /// <summary>Shards of the plan.</summary>
    public int Shards => plan.Rows.Count;

    /// <summary>The parts.</summary>
    public IPartStore Store => store;

    /// <summary>Runs since the process took the plan.</summary>
    public Stopwatch Clock => clock;

    /// <summary>Computes the shards of a share that have no part. One that fails does not hold up the others.</summary>
    /// <param name="share">The share.</param>
    /// <param name="retryFailed">Whether shards are tried again that failed before.</param>
    /// <param name="compute">Writes the rows of a shard into an attempt.</param>
    /// <param name="rows">Rows that this process computed so far.</param>
    /// <param name="cancel">Stops; finished shards stay.</param>
    /// <exception cref="ShardException">Another process computed other bytes for a shard, or a note is damaged.</exception>
    public ShardSummary Work(
        ShardShare share,
        bool retryFailed,
        Func<int, IPartAttempt, PartRows> compute,
        Func<long> rows,
        CancellationToken cancel
    )
    {
        List<int> failed = [];
        int done = 0;
        foreach (int shard in share.Of(Shards))
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                if (retryFailed)
                    store.Forget(shard);
                bool own = false;
                while (!own && !IsDone(shard, cancel))
                {
                    if (store.Attempts.IsUndecided(shard))
                    {
                        note?.Invoke($"shard {shard}: {AttemptLog.Most} attempts ended, or are silent; waiting to learn which");
                        store.Attempts.Decide(shard, cancel);
                    }
                    if (store.Attempts.IsPoison(shard))
                        break;
                    own = Try(shard, compute, cancel);
                }
                if (own)
                    done++;
                else if (store.Read(shard) is null)
                    failed.Add(shard);
            }
            catch (IOException) when (!store.IsPlanned)
            {
                note?.Invoke($"{plan.Output} was finished by another process meanwhile");
                return new ShardSummary(Shards, done, rows(), Shards, [], clock.Elapsed.TotalSeconds);
            }
        }
        if (failed.Count > 0)
            FailedShards.Write(store.Attempts, Shards, store.Finished(Shards).Contains);
        return Summary(done, rows(), failed);
    }

    /// <summary>Computes one shard, once, unless it is finished or is not to be tried again.</summary>
    public ShardOutcome One(int shard, Func<int, IPartAttempt, PartRows> compute, CancellationToken cancel)
    {
        if (shard < 0 || shard >= Shards)
            throw plan.Refusal($"shard {shard}: the plan has {Shards}");
        try
        {
            return IsDone(shard, cancel) ? ShardOutcome.Done
                : store.Attempts.IsUndecided(shard) ? ShardOutcome.Held
                : store.Attempts.IsPoison(shard) ? ShardOutcome.Failed
                : Try(shard, compute, cancel) ? ShardOutcome.Done
                : store.Attempts.IsPoison(shard) ? ShardOutcome.Failed
                : ShardOutcome.Again;
        }
        catch (IOException) when (!store.IsPlanned)
        {
            // The output was finished meanwhile, by another process.
            return ShardOutcome.Done;
        }
    }

    /// <summary>Where the plan stands.</summary>
    public ShardSummary Summary(int done, long rows, IReadOnlyList<int> failed) =>
        new(Shards, done, rows, store.Finished(Shards).Count, failed, clock.Elapsed.TotalSeconds);

    /// <summary>Shards that failed; all others have a part.</summary>
    /// <param name="allowed">Shards that may have failed.</param>
    /// <param name="allowance">How to allow so many; null where none may fail.</param>
    /// <exception cref="ShardException">Shards are missing, failed or contradict.</exception>
    public IReadOnlySet<int> Failed(int allowed, Func<int, string>? allowance)
    {
        HashSet<int> finished = store.Finished(Shards);
        int[] without = [.. Enumerable.Range(0, Shards).Where(shard => !finished.Contains(shard))];
        foreach (int shard in store.Attempts.Tried(Shards).Order())
        {
            if (store.Attempts.FailuresOf(shard).FirstOrDefault(failure => failure.Conflict) is { } conflict)
                throw new ShardException(ShardProblem.Conflict, conflict.Message);
        }
        IReadOnlyList<FailedShards.Entry> failed = FailedShards.Write(store.Attempts, Shards, finished.Contains);
        int[] missing = [.. without.Except(failed.Select(entry => entry.Shard))];
        if (missing.Length > 0)
            throw new ShardException(
                ShardProblem.Missing,
                $"{missing.Length} of {Shards} shards are missing: {FailedShards.Text(missing)}{(failed.Count > 0 ? $" (and {failed.Count} failed)" : "")}; compute them with --shard i/n or --engine, or with --resume in one process"
            );
        if (failed.Count > allowed)
            throw new ShardException(
                ShardProblem.Failed,
                $"{failed.Count} of {Shards} shards failed: {FailedShards.Text([.. failed.Select(entry => entry.Shard)])}; shard {failed[0].Shard}: {failed[0].Reasons[^1]}; all reasons are in {Path.Combine(store.Folder, FailedShards.Name)}; mend them and give --resume, or --retry-failed with --shard or --engine{allowance?.Invoke(failed.Count)}"
            );
        return failed.Select(entry => entry.Shard).ToHashSet();
    }

    /// <summary>The notes of all shards but some, in order, after their files were held against them.</summary>
    /// <param name="without">Shards that failed.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="ShardException">Parts are damaged.</exception>
    public IReadOnlyDictionary<int, Part> Checked(IReadOnlySet<int> without, CancellationToken cancel)
    {
        Dictionary<int, Part> parts = [];
        List<string> damages = [];
        foreach (int shard in Enumerable.Range(0, Shards).Where(shard => !without.Contains(shard)))
        {
            Part part = parts[shard] = store.Read(shard)!;
            Require(part);
            if (store.Bring(part, cancel) is { } damage)
                damages.Add(damage);
        }
        if (damages.Count > 0 && !store.IsPlanned)
            throw new IOException($"{store.Folder} was finished by another process meanwhile; see what is there");
        return damages.Count == 0
            ? parts
            : throw new ShardException(
                ShardProblem.Damaged,
                $"{damages[0]}{(damages.Count > 1 ? $", and {damages.Count - 1} more like it" : "")}; --shard or --resume computes the shard again"
            );
    }

    // Refuses a part of another version, teacher or numeric profile.
    private void Require(Part part)
    {
        string? other =
            part.Version != plan.Version ? $"version {part.Version}, and the plan is of {plan.Version}"
            : part.Numerics != plan.Numerics ? $"--numerics {part.Numerics}, and the plan is for {plan.Numerics}"
            : part.Fingerprint != plan.Fingerprint ? "another teacher, other inputs or other options than the plan's"
            : part.Rows != plan.Rows[part.Shard] ? $"{part.Rows} rows, and the plan has {plan.Rows[part.Shard]}"
            : null;
        if (other is not null)
            throw plan.Refusal(
                $"{store.NoteOf(part.Shard)} is of {other}; delete it, and the shard is computed again by --shard or --resume"
            );
    }

    private bool IsDone(int shard, CancellationToken cancel)
    {
        if (store.Read(shard) is not { } part)
            return false;
        Require(part);
        if (store.DamageOf(part, cancel) is not { } damage)
            return true;
        // Who is finishing removes the plan first.
        if (!store.IsPlanned)
            throw new IOException(damage);
        note?.Invoke($"{damage}; the shard is computed again");
        store.Remove(shard);
        return false;
    }

    // What a machine lacks (disk, rights, memory) is no fault of the shard: it ends the process and does not count.
    private bool Try(int shard, Func<int, IPartAttempt, PartRows> compute, CancellationToken cancel)
    {
        if (!store.IsPlanned)
            throw new IOException("the plan is gone");
        using IPartAttempt attempt = store.Begin(shard, plan.Version);
        long began = Stopwatch.GetTimestamp();
        PartRows rows;
        try
        {
            rows = compute(shard, attempt);
        }
        catch (OperationCanceledException) when (attempt.Lost.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            note?.Invoke($"shard {shard} is given up: {store.Folder} did not hear of this process for too long");
            return false;
        }
        catch (Exception wrong) when (Failure.IsOfShard(wrong) && wrong is not ShardException)
        {
            attempt.Fail(new Failure(wrong.Message, Lasting: wrong is DataFreeKDException));
            return false;
        }
        attempt.Commit(
            new Part
            {
                Shard = shard,
                Rows = rows.Rows,
                Sha256 = FileHash.Of(attempt.Rows, cancel),
                EmbeddingsSha256 = File.Exists(attempt.Vectors) ? FileHash.Of(attempt.Vectors, cancel) : null,
                Counts = rows.Counts,
                Attempt = attempt.Name,
                Host = Environment.MachineName,
                Isa = instructions,
                Numerics = plan.Numerics,
                Version = plan.Version,
                Fingerprint = plan.Fingerprint,
                Seconds = Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3),
            }
        );
        return true;
    }
}
