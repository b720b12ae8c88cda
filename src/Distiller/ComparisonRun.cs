// A comparison from end to end: recipes and seeds in, students, tables and differences out.

using DataFreeKD.Distiller.Comparison;
using DataFreeKD.Distiller.Output;
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
        ComparisonFolder folder = new(options.Output);
        folder.RefuseForeign(options.Recipes.SelectMany(recipe => options.Seeds.Select(seed => PathOf(recipe, seed) + ".json")));
        RecipeCheck.All(options, cancel);
        Dictionary<string, string?> hashes = new(StringComparer.Ordinal);
        Dictionary<(string, long), RunRecord> records = [];
        int kept = 0,
            elsewhere = 0;
        // Seeds outside: a comparison that is stopped has as many runs of each recipe.
        foreach (long seed in options.Seeds)
        {
            foreach (ComparedRecipe recipe in options.Recipes)
            {
                string path = PathOf(recipe, seed),
                    file = path + ".json";
                using OutputLock? claim = OutputLock.TryTake(file, "compare", out _);
                if (claim is null)
                {
                    elsewhere++;
                    continue;
                }
                LoopOptions run = recipe.Options with
                {
                    Output = path,
                    Seed = seed,
                    Resume = !options.Overwrite,
                    Overwrite = options.Overwrite,
                };
                Named? named = progress is null ? null : new Named(progress, FormattableString.Invariant($"{recipe.Name}/{seed}"));
                RunRecord? record = RunRecord.Read(file);
                if (record is not null && options.Overwrite)
                {
                    File.Delete(file);
                    record = null;
                }
                record?.CheckFits(file, run, Hash);
                kept += record is null ? 0 : 1;
                if (record is null)
                    (record = Train(recipe, run, named, cancel)).Write(file);
                foreach (TestSet set in options.TestSets.Where(set => record.Tests.GetValueOrDefault(set.Name)?.Data != set.Labelled))
                    (record = Measured(record, set, path, options, named, cancel)).Write(file);
                records[(recipe.Name, seed)] = record;
            }
        }
        string baseline = options.Baseline ?? options.Recipes[0].Name;
        // Runs that were in other hands may be done by now; whoever sees all of them writes the tables.
        foreach (
            (ComparedRecipe recipe, long seed) in options
                .Recipes.SelectMany(recipe => options.Seeds.Select(seed => (recipe, seed)))
                .Where(run => !records.ContainsKey((run.recipe.Name, run.seed)))
        )
        {
            if (
                RunRecord.Read(PathOf(recipe, seed) + ".json") is not { } record
                || !options.TestSets.All(set => record.Tests.GetValueOrDefault(set.Name)?.Data == set.Labelled)
            )
                continue;
            records[(recipe.Name, seed)] = record;
            elsewhere--;
            kept++;
        }
        ComparisonSummary summary = new()
        {
            Output = options.Output,
            Runs = records.Count,
            Kept = kept,
            Elsewhere = elsewhere,
            Baseline = baseline,
            Figures = [],
            Table = "",
        };
        if (elsewhere > 0)
            return summary;
        folder.Claim();
        ComparisonTables tables = new(
            options,
            [.. options.Recipes.SelectMany(recipe => options.Seeds.Select(seed => records[(recipe.Name, seed)]))]
        );
        IReadOnlyList<RecipeFigures> figures = tables.Figures();
        string markdown = tables.Markdown(figures);
        // Who holds them writes the same.
        using OutputLock? held = OutputLock.TryTake(folder.Results, "compare", out _);
        if (held is not null)
        {
            tables.WriteResults(folder.Results);
            tables.WriteTimes(folder.Times);
            AtomicFile.WriteAllText(folder.Text, markdown);
        }
        return summary with { Figures = figures, Table = markdown };

        string PathOf(ComparedRecipe recipe, long seed) =>
            Path.Combine(options.Output, recipe.Name, FormattableString.Invariant($"seed-{seed}"));

        // A file is hashed once however many runs read it.
        string? Hash(string input)
        {
            if (!hashes.TryGetValue(input, out string? hash))
                hashes[input] = hash = File.Exists(input) ? Provenance.HashFile(input, cancel) : null;
            return hash;
        }
    }

    private static RunRecord Train(ComparedRecipe recipe, LoopOptions run, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        RunSummary summary = run switch
        {
            DistillOptions distillation => DistillRun.Execute(distillation, progress, cancel),
            TrainOptions training => TrainRun.Execute(training, progress, cancel),
            _ => throw new ArgumentException($"{run.GetType().Name} is no kind of run", nameof(run)),
        };
        double speed = summary.ImagesPerSecond / run.BatchSize;
        return new RunRecord
        {
            Recipe = recipe.Name,
            Seed = run.Seed,
            Options = RunOptions.Deciding(run),
            Inputs = Provenance.ReadBeside(Path.Combine(run.Output, "provenance"))?.Inputs ?? new Dictionary<string, string>(),
            Steps = summary.Steps,
            Parameters = summary.Parameters,
            FinalLoss = summary.FinalLoss,
            HeldOut = summary.HeldOut,
            ResumedFrom = summary.ResumedFrom,
            Seconds = summary.Seconds,
            StepsPerSecond = speed > 0 && double.IsFinite(speed) ? speed : null,
        };
    }

    private static RunRecord Measured(
        RunRecord record,
        TestSet set,
        string model,
        ComparisonOptions options,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        EvaluationReport report = EvaluateRun.Execute(
            new EvaluateOptions
            {
                Model = model,
                Labelled = set.Labelled,
                Device = options.Device,
                Workers = options.Workers,
            },
            progress,
            cancel
        );
        return record with
        {
            Tests = new Dictionary<string, TestFigures>(record.Tests)
            {
                [set.Name] = new(set.Labelled, report.Images, report.Top1, report.NegativeLogLikelihood, report.CalibrationError),
            },
        };
    }

    private sealed class Named(IProgress<TrainProgress> inner, string run) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => inner.Report(value with { Phase = $"{run} {value.Phase}" });
    }
}
