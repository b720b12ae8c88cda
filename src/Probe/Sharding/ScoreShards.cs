// Scoring in shards: planned once, computed by any number of processes on any number of machines, joined once.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Folders;

namespace DataFreeKD.Probe.Sharding;

/// <summary>
/// Splits a scoring run. Every process needs the same options and one file system; each takes its share of the shards, and the table is,
/// byte for byte, that of <see cref="ScoreRun"/>. What is finished stands on disk alone: a process may be killed at any time.
/// </summary>
public static class ScoreShards
{
    /// <summary>Makes the plan, where there is none. The first process to work would do it too.</summary>
    /// <param name="options">The run; with <see cref="ScoreOptions.Overwrite"/> an earlier plan and its parts are removed.</param>
    /// <param name="sharding">The size of shards.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="ScoreException">Options or inputs that cannot be used, or are not those of the plan.</exception>
    public static ShardSummary Plan(ScoreOptions options, ShardOptions? sharding = null, CancellationToken cancel = default)
    {
        using IPlanPlace place = ScorePlace.Of(options, cancel: cancel);
        using ShardedRun run = new(options, place, sharding ?? new ShardOptions(), mayPlan: true, cancel);
        return run.Summary();
    }

    /// <summary>Scores the shards of a share that are not finished. The first process makes the plan, and the others wait for it. A shard
    /// that cannot be scored is named in the result and does not hold up the others.</summary>
    /// <param name="options">The run.</param>
    /// <param name="sharding">The share.</param>
    /// <param name="progress">Hears of every batch.</param>
    /// <param name="cancel">Stops; finished shards stay.</param>
    /// <exception cref="ScoreException">Options or inputs that cannot be used, or are not those of the plan.</exception>
    /// <exception cref="ShardException">Another process computed other bytes for a shard.</exception>
    public static ShardSummary Work(
        ScoreOptions options,
        ShardOptions? sharding = null,
        IProgress<ScoreProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Overwrite)
            throw new ScoreException(
                "--shard with --overwrite: a share cannot tell the others to begin anew; give --plan --overwrite first"
            );
        using IPlanPlace place = ScorePlace.Of(options, cancel: cancel);
        using ShardedRun run = new(options, place, sharding ?? new ShardOptions(), mayPlan: true, cancel);
        return run.Work(progress, cancel);
    }

    /// <summary>Joins the shards into the table, and removes them.</summary>
    /// <param name="options">The run.</param>
    /// <param name="finish">How.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="ScoreException">There is no plan, or options or inputs are not those of the plan.</exception>
    /// <exception cref="ShardException">Shards are missing, failed, contradict or are damaged.</exception>
    /// <exception cref="OutputException">Another process is writing the output, or it appeared meanwhile.</exception>
    public static ScoreSummary Finish(ScoreOptions options, FinishOptions? finish = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        finish ??= new FinishOptions();
        string folder = TableFolder.Beside(options.Output);
        using OutputLock held = OutputLock.Take(
            options.Output,
            "score",
            [.. ScoreOutput.Shared(options), .. finish.TableFolder ? (string[])[folder] : []]
        );
        // The plan is not made anew, whatever may be replaced.
        using IPlanPlace place = ScorePlace.Of(options, joins: true, cancel);
        using ShardedRun run = new(options with { Overwrite = false }, place, new ShardOptions(), mayPlan: false, cancel);
        string table = finish.TableFolder ? folder : options.Output;
        RefuseAppeared(options, run.Plan, [table, .. options.EmbeddingsPath is { } named ? [named] : (string[])[]]);
        options = options with { Resume = !options.Overwrite, Overwrite = options.Overwrite || run.Plan.Replaces };
        if (finish.TableFolder)
            TableFolder.RefuseForeign(folder);
        ScoreOutput.RefuseForeign(options);
        return Complete(run, options, finish, held, cancel);
    }

    /// <summary>Where the shards of an output that failed are named, with the reasons.</summary>
    public static string FailuresBeside(string output) => Path.Combine(ScoreJournal.FolderOf(output), FailedShards.Name);

    /// <summary>Where the shards of a run that failed are named, with the reasons.</summary>
    internal static string FailuresOf(ScoreOptions options) =>
        options.Parts is { } bucket ? $"{bucket}/{FailedShards.Name}" : FailuresBeside(options.Output);

    /// <summary>Goes on with a plan in one process, to the end.</summary>
    internal static ScoreSummary Resume(
        ScoreOptions options,
        IPlanPlace place,
        ScorePlan plan,
        OutputLock held,
        IProgress<ScoreProgress>? progress,
        CancellationToken cancel
    )
    {
        if (!options.Resume)
            throw new ScoreException(
                $"{place.Name} holds a plan of {plan.Shards.Count} shards; go on with --shard, --finish or --resume, or begin anew with --overwrite"
            );
        using ShardedRun run = new(options, place, new ShardOptions { RetryFailed = true }, mayPlan: false, cancel);
        run.Work(progress, cancel);
        return Complete(run, options, new FinishOptions(), held, cancel);
    }

    private static ScoreSummary Complete(
        ShardedRun run,
        ScoreOptions options,
        FinishOptions finish,
        OutputLock held,
        CancellationToken cancel
    )
    {
        IPartStore store = run.Parts.Store;
        IReadOnlySet<int> failed = run.Parts.Failed(finish.AllowFailed, count =>
            $", or write their images as failed/shard with --allow-failed-shards {count}"
        );
        List<string> tables = [],
            vectors = [];
        foreach (int shard in failed)
            run.WriteFailed(shard, FailedTable(shard), FailedVectors(shard), cancel);
        IReadOnlyDictionary<int, Part> parts = run.Parts.Checked(failed, cancel);
        for (int shard = 0; shard < run.Parts.Shards; shard++)
        {
            tables.Add(failed.Contains(shard) ? FailedTable(shard) : store.RowsOf(shard));
            vectors.Add(failed.Contains(shard) ? FailedVectors(shard) : store.VectorsOf(shard));
        }
        string[] kinds = [.. parts.Values.Select(part => part.Isa).Distinct().Order(StringComparer.Ordinal)];
        FinishedRows rows = new(run.Place.Files, run.Plan.Columns, tables, vectors, run.Plan.Places)
        {
            InputHashes = run.Plan.Inputs,
            Instructions = kinds.FirstOrDefault(),
            MixedNumerics = kinds.Length > 1 ? $"native ({string.Join(", ", kinds)})" : null,
        };
        string? embeddings = run.Plan.Embeddings ? ScoreOutput.EmbeddingsPath(options, run.Teacher) : null;
        IReadOnlyDictionary<string, long> counts = ScoreOutput.Write(
            options,
            run.Teacher,
            held,
            rows,
            embeddings,
            finish.TableFolder,
            run.Parts.Clock,
            cancel
        );
        run.Place.Remove($"it was finished as {(finish.TableFolder ? TableFolder.Beside(options.Output) : options.Output)}");
        if (run.Place.Files != run.Place.Name)
            ScoreJournal.Remove(run.Place.Files);
        return ScoreRun.Summary(run.Teacher, counts, run.Plan.Places, run.Rows, run.Parts.Clock, embeddings);

        string FailedTable(int shard) => Path.ChangeExtension(store.RowsOf(shard), ".failed.csv");

        string FailedVectors(int shard) => Path.ChangeExtension(store.RowsOf(shard), ".failed.f32");
    }

    // What was there when the plan was made was refused, or was to be replaced; what an interrupted finish left is named in the provenance.
    private static void RefuseAppeared(ScoreOptions options, ScorePlan plan, IEnumerable<string> files)
    {
        if (options.Overwrite || plan.Replaces)
            return;
        IReadOnlyList<string> own = Provenance.ReadBeside(options.Output)?.Outputs ?? [];
        foreach (string file in files.Where(file => File.Exists(file) || Directory.Exists(file)))
        {
            if (!own.Contains(Path.GetFileName(file)))
                throw new ScoreException($"{file} appeared since the plan was made; move it away, or add Overwrite to replace it")
                {
                    Options = [nameof(ScoreOptions.Overwrite)],
                };
        }
    }
}
