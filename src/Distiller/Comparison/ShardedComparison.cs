// A comparison by several processes: planned once, a run a shard, the tables written once all are done.

using System.Diagnostics;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>The runs of a plan as shards, in the order that one process does them in. A run's folder is its part; who holds the lock of its
/// record is at it, so that whatever hands out the runs, each is done by one process at a time.</summary>
internal sealed class ShardedComparison
{
    private const int MostNames = 12;

    private readonly ComparisonOptions options;
    private readonly ComparedRuns runs;
    private readonly ShardAttempts attempts;
    private readonly Action<string>? note;
    private readonly bool inSteps;
    private readonly Stopwatch clock = Stopwatch.StartNew();

    /// <summary>Sees whether every recipe can begin and what is finished fits.</summary>
    /// <param name="options">The comparison.</param>
    /// <param name="note">Hears what others have in hand.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="DistillException">Options, data or models that do not fit, in one line.</exception>
    /// <exception cref="TableException">A table that cannot be read.</exception>
    public ShardedComparison(ComparisonOptions options, Action<string>? note = null, CancellationToken cancel = default)
    {
        options.Validate();
        if (options.Overwrite)
            throw new DistillException(
                "a comparison in shards does no run again: the processes could not tell who begins anew; leave Overwrite out, or name another output"
            )
            {
                Options = [nameof(ComparisonOptions.Overwrite)],
            };
        (this.options, this.note) = (options, note);
        runs = new ComparedRuns(options);
        runs.Check(cancel);
        runs.RequireFitting(cancel);
        Folder = ComparisonPlan.FolderOf(options.Output);
        attempts = new ShardAttempts(Folder, shard => runs.ProgressOf(runs.InTurn[shard]));
        inSteps = options.Recipes.All(recipe => recipe.Options.Steps is not null);
    }

    /// <summary>The folder of the plan.</summary>
    public string Folder { get; }

    /// <summary>Runs.</summary>
    public int Shards => runs.InTurn.Count;

    /// <summary>Steps of all runs; the runs themselves where a recipe does not say how many steps it has.</summary>
    public long Rows => Enumerable.Range(0, Shards).Sum(RowsOf);

    /// <summary>Takes the plan that is there, or makes it where none is: of several the first one's is taken.</summary>
    /// <exception cref="DistillException">It is another comparison's, version's, or machine's.</exception>
    public ComparisonPlan Plan()
    {
        ComparisonPlan own = ComparisonPlan.Of(options);
        if (ComparisonPlan.Read(Folder) is null)
            own.Write(Folder);
        ComparisonPlan plan = ComparisonPlan.Read(Folder)
            ?? throw new DistillException($"{Folder}: the plan is gone; see who else writes there");
        plan.Require(own, Folder);
        return plan;
    }

    /// <summary>Whether the plan is still there. It goes when the tables are written.</summary>
    public bool IsPlanned => File.Exists(ComparisonPlan.PathIn(Folder));

    /// <summary>SHA-256 of the plan.</summary>
    public string PlanSha256 => Provenance.HashFile(ComparisonPlan.PathIn(Folder), CancellationToken.None);

    /// <summary>Does the runs of a share that nobody else has in hand, by the plan that is there or is made. One that fails holds up no
    /// other.</summary>
    /// <param name="share">The share.</param>
    /// <param name="retryFailed">Whether runs are tried again that failed before.</param>
    /// <param name="progress">Told every few steps; phases bear the run's name.</param>
    /// <param name="cancel">Stops after the step in hand; what is trained so far is gone on from.</param>
    public ShardSummary Work(ShardShare share, bool retryFailed, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        if (!Enumerable.Range(0, Shards).All(IsFinished))
            Plan();
        if (retryFailed)
            RetryFailed(share.Of(Shards));
        List<int> failed = [];
        int done = 0;
        long rows = 0;
        foreach (int shard in share.Of(Shards))
        {
            cancel.ThrowIfCancellationRequested();
            if (IsFinished(shard))
                continue;
            ShardOutcome outcome;
            do outcome = One(shard, progress, cancel);
            while (outcome == ShardOutcome.Again);
            if (outcome == ShardOutcome.Held)
                note?.Invoke($"{runs.InTurn[shard]} is in the hands of another process");
            if (outcome == ShardOutcome.Failed)
                failed.Add(shard);
            if (outcome != ShardOutcome.Done)
                continue;
            done++;
            rows += RowsOf(shard);
        }
        if (failed.Count > 0)
            Failures();
        return new ShardSummary(Shards, done, rows, Enumerable.Range(0, Shards).Count(IsFinished), failed, clock.Elapsed.TotalSeconds);
    }

    /// <summary>Does one run, once, unless it is finished, in other hands, or not to be tried again.</summary>
    /// <param name="shard">Its number.</param>
    /// <param name="progress">Told every few steps.</param>
    /// <param name="cancel">Stops; that does not count against the run.</param>
    /// <exception cref="IOException">The machine failed, which does not count against the run.</exception>
    public ShardOutcome One(int shard, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        if (shard < 0 || shard >= Shards)
            throw new DistillException($"shard {shard}: the plan has {Shards}");
        if (IsFinished(shard))
            return ShardOutcome.Done;
        ComparedRun run = runs.InTurn[shard];
        using OutputLock? claim = runs.TryTake(run);
        if (claim is null)
            return ShardOutcome.Held;
        // Again: whoever had it before may have finished it, or failed at it.
        if (IsFinished(shard))
            return ShardOutcome.Done;
        return attempts.Do(shard, Provenance.ToolVersion, _ => runs.Do(run, progress, cancel));
    }

    /// <summary>A progress that tells the steps of a run alone.</summary>
    public IProgress<TrainProgress> Steps(Action<long> rows) => new Told(inSteps ? rows : _ => { });

    /// <summary>A run's steps, or 1 where a recipe does not say how many steps it has.</summary>
    public long RowsOf(int shard) => inSteps ? runs.InTurn[shard].Recipe.Options.Steps!.Value : 1;

    /// <summary>Looks at the records.</summary>
    public ShardStanding Look() => attempts.Standing(Shards, IsFinished, RowsOf);

    /// <summary>Lets runs be tried again that failed before.</summary>
    public void RetryFailed(IEnumerable<int> shards)
    {
        foreach (int shard in shards)
            attempts.Forget(shard);
    }

    /// <summary>Writes the tables, and removes the plan.</summary>
    /// <exception cref="ShardException">Runs are missing or failed.</exception>
    /// <exception cref="DistillException">Inputs changed since a run.</exception>
    public ComparisonSummary Finish(CancellationToken cancel = default)
    {
        // Others may have done runs since this began.
        runs.RequireFitting(cancel);
        Dictionary<ComparedRun, RunRecord> records = [];
        foreach (ComparedRun run in runs.InTurn)
        {
            if (runs.Finished(run) is { } record)
                records[run] = record;
        }
        IReadOnlyList<FailedShards.Entry> failed = Failures();
        int[] missing =
        [
            .. Enumerable
                .Range(0, Shards)
                .Where(shard => !records.ContainsKey(runs.InTurn[shard]))
                .Except(failed.Select(entry => entry.Shard)),
        ];
        if (missing.Length > 0)
            throw new ShardException(
                ShardProblem.Missing,
                $"{missing.Length} of {Shards} runs are missing: {Names(missing)}{(failed.Count > 0 ? $" (and {failed.Count} failed)" : "")}; do them with --shard i/n or --engine, or with neither in one process"
            );
        if (failed.Count > 0)
            throw new ShardException(
                ShardProblem.Failed,
                $"{failed.Count} of {Shards} runs failed: {Names([.. failed.Select(entry => entry.Shard)])}; {failed[0].Run}: {failed[0].Reasons[^1]}; all reasons are in {Path.Combine(Folder, FailedShards.Name)}; mend them and give --retry-failed with --shard or --engine, or neither in one process"
            );
        (IReadOnlyList<RecipeFigures> figures, string table) = runs.Write([.. runs.InTable.Select(run => records[run])]);
        ComparisonPlan.RemoveOf(options);
        return new ComparisonSummary
        {
            Output = options.Output,
            Runs = Shards,
            Kept = Shards,
            Elsewhere = 0,
            Baseline = options.Baseline ?? options.Recipes[0].Name,
            Figures = figures,
            Table = table,
        };
    }

    private bool IsFinished(int shard) => runs.Finished(runs.InTurn[shard]) is not null;

    private IReadOnlyList<FailedShards.Entry> Failures() =>
        Directory.Exists(Folder) ? FailedShards.Write(attempts, Shards, IsFinished, shard => runs.InTurn[shard].ToString()) : [];

    private string Names(IReadOnlyList<int> shards) =>
        string.Join(", ", shards.Take(MostNames).Select(shard => runs.InTurn[shard])) + (shards.Count > MostNames ? ", ..." : "");

    private sealed class Told(Action<long> rows) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value)
        {
            if (value.Phase.EndsWith(" train", StringComparison.Ordinal))
                rows(value.Done);
        }
    }
}
