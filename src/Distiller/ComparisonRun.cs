// A comparison from end to end: recipes and seeds in, students, tables and differences out.

using DataFreeKD.Distiller.Comparison;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller;

/// <summary>Runs every recipe with every seed, one after the other, and measures the students.</summary>
internal static class ComparisonRun
{
    /// <summary>Runs to the end, or to cancellation; what is finished is kept, and an interrupted run goes on from its checkpoint the next
    /// time.</summary>
    /// <remarks>Several processes may share one comparison: each run is taken by one of them, and the one that finds all runs done writes
    /// the tables.</remarks>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told every few steps; phases bear the run's name.</param>
    /// <param name="cancel">Stops after the step in hand.</param>
    /// <exception cref="DistillException">Options, data or models that do not fit, in one line.</exception>
    /// <exception cref="ModelException">A model that cannot be read.</exception>
    /// <exception cref="TableException">A table that cannot be read.</exception>
    public static ComparisonSummary Execute(
        ComparisonOptions options,
        IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        options.Validate();
        ComparedRuns runs = new(options);
        runs.Check(cancel);
        Dictionary<ComparedRun, RunRecord> records = [];
        int kept = 0;
        foreach (ComparedRun run in runs.InTurn)
        {
            using OutputLock? claim = runs.TryTake(run);
            if (claim is null)
                continue;
            (records[run], bool before) = runs.Do(run, progress, cancel);
            kept += before ? 1 : 0;
        }
        // Runs that were in other hands may be done by now; whoever sees all of them writes the tables.
        foreach (ComparedRun run in runs.InTurn.Where(run => !records.ContainsKey(run)))
        {
            if (runs.Finished(run) is not { } record)
                continue;
            records[run] = record;
            kept++;
        }
        ComparisonSummary summary = new()
        {
            Output = options.Output,
            Runs = records.Count,
            Kept = kept,
            Elsewhere = runs.InTurn.Count - records.Count,
            Baseline = options.Baseline ?? options.Recipes[0].Name,
            Figures = [],
            Table = "",
        };
        if (summary.Elsewhere > 0)
            return summary;
        (IReadOnlyList<RecipeFigures> figures, string table) = runs.Write([.. runs.InTable.Select(run => records[run])]);
        ComparisonPlan.RemoveOf(options);
        return summary with { Figures = figures, Table = table };
    }
}
