// The runs of a comparison: what is done of each, and who is at it.

using DataFreeKD.Distiller.Output;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>A recipe with a seed.</summary>
/// <param name="Recipe">The recipe.</param>
/// <param name="Seed">The seed.</param>
internal sealed record ComparedRun(ComparedRecipe Recipe, long Seed)
{
    /// <summary>Its name: <c>kd/0</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Recipe.Name}/{Seed}");
}

/// <summary>Does single runs. Each is one process's as long as it holds the lock of the run's record, which the system lets go of
/// however the process ends.</summary>
internal sealed class ComparedRuns
{
    private readonly ComparisonOptions options;
    private readonly Dictionary<string, string?> hashes = new(StringComparer.Ordinal);

    public ComparedRuns(ComparisonOptions options)
    {
        this.options = options;
        // Seeds outside: a comparison that is stopped has as many runs of each recipe.
        InTurn = [.. options.Seeds.SelectMany(seed => options.Recipes.Select(recipe => new ComparedRun(recipe, seed)))];
        InTable = [.. options.Recipes.SelectMany(recipe => options.Seeds.Select(seed => new ComparedRun(recipe, seed)))];
        Folder = new ComparisonFolder(options.Output);
    }

    /// <summary>The runs as they are done.</summary>
    public IReadOnlyList<ComparedRun> InTurn { get; }

    /// <summary>The runs as the tables have them.</summary>
    public IReadOnlyList<ComparedRun> InTable { get; }

    /// <summary>The tables' files.</summary>
    public ComparisonFolder Folder { get; }

    /// <summary>Refuses files in the way, and recipes that cannot begin.</summary>
    /// <exception cref="DistillException">There are such.</exception>
    /// <exception cref="TableException">A file of a table's name is none of a comparison.</exception>
    public void Check(CancellationToken cancel)
    {
        Folder.RefuseForeign(InTable.Select(RecordOf));
        RecipeCheck.All(options, cancel);
    }

    /// <summary>Refuses what was finished by other options, or of other inputs.</summary>
    /// <exception cref="DistillException">There is such a run.</exception>
    public void RequireFitting(CancellationToken cancel)
    {
        foreach (ComparedRun run in InTable)
            RunRecord.Read(RecordOf(run))?.CheckFits(RecordOf(run), DecidingOf(run), Hash(cancel));
    }

    /// <summary>The record of a run that is trained and measured on every test set; null for others.</summary>
    public RunRecord? Finished(ComparedRun run) =>
        RunRecord.Read(RecordOf(run)) is { } record && options.TestSets.All(set => IsMeasured(record, set)) ? record : null;

    /// <summary>Takes a run; null where another process has it.</summary>
    public OutputLock? TryTake(ComparedRun run) => OutputLock.TryTake(RecordOf(run), "compare", out _);

    /// <summary>How far a run has come: another text after every checkpoint and every record.</summary>
    public string ProgressOf(ComparedRun run) =>
        string.Join(
            ' ',
            new[] { RunFolder.At(OptionsOf(run).Output).Checkpoint, RecordOf(run) }
                .Select(path => new FileInfo(path))
                .Select(file => file.Exists ? FormattableString.Invariant($"{file.Length}:{file.LastWriteTimeUtc.Ticks}") : "-")
        );

    /// <summary>Does what is missing of a run that this process has taken: an interrupted one goes on from its checkpoint.</summary>
    /// <param name="run">The run.</param>
    /// <param name="progress">Told every few steps.</param>
    /// <param name="cancel">Stops after the step in hand.</param>
    /// <returns>Its record, and whether the training was finished before.</returns>
    public (RunRecord Record, bool Kept) Do(ComparedRun run, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        string file = RecordOf(run);
        Named? named = progress is null ? null : new Named(progress, run.ToString());
        RunRecord? record = RunRecord.Read(file);
        if (record is not null && options.Overwrite)
        {
            File.Delete(file);
            record = null;
        }
        record?.CheckFits(file, DecidingOf(run), Hash(cancel));
        bool kept = record is not null;
        if (record is null)
            (record = Train(run, named, cancel)).Write(file);
        foreach (TestSet set in options.TestSets.Where(set => !IsMeasured(record, set)))
            (record = Measured(record, set, PathOf(run), named, cancel)).Write(file);
        return (record, kept);
    }

    /// <summary>Writes the tables, unless another process is at it, which then writes the same.</summary>
    /// <param name="records">Records of all runs, as the tables have them.</param>
    /// <returns>The figures, and the table for people.</returns>
    public (IReadOnlyList<RecipeFigures> Figures, string Table) Write(IReadOnlyList<RunRecord> records)
    {
        Folder.Claim();
        ComparisonTables tables = new(options, records);
        IReadOnlyList<RecipeFigures> figures = tables.Figures();
        string markdown = tables.Markdown(figures);
        using OutputLock? held = OutputLock.TryTake(Folder.Results, "compare", out _);
        if (held is not null)
        {
            tables.WriteResults(Folder.Results);
            tables.WriteTimes(Folder.Times);
            AtomicFile.WriteAllText(Folder.Text, markdown);
        }
        return (figures, markdown);
    }

    private string PathOf(ComparedRun run) =>
        Path.Combine(options.Output, run.Recipe.Name, FormattableString.Invariant($"seed-{run.Seed}"));

    private string RecordOf(ComparedRun run) => PathOf(run) + ".json";

    private LoopOptions OptionsOf(ComparedRun run) =>
        run.Recipe.Options with
        {
            Output = PathOf(run),
            Seed = run.Seed,
            Resume = !options.Overwrite,
            Overwrite = options.Overwrite,
        };

    // A process that is held to no instructions says nothing of them.
    private SortedDictionary<string, string> DecidingOf(ComparedRun run)
    {
        SortedDictionary<string, string> deciding = RunOptions.Deciding(OptionsOf(run));
        if (options.Numerics != NumericProfile.Native)
            deciding["numerics"] = options.Numerics.Name();
        return deciding;
    }

    private static bool IsMeasured(RunRecord record, TestSet set) => record.Tests.GetValueOrDefault(set.Name)?.Data == set.Labelled;

    // A file is hashed once however many runs read it.
    private Func<string, string?> Hash(CancellationToken cancel) =>
        input =>
        {
            if (!hashes.TryGetValue(input, out string? hash))
                hashes[input] = hash = File.Exists(input) ? Provenance.HashFile(input, cancel) : null;
            return hash;
        };

    private RunRecord Train(ComparedRun compared, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        LoopOptions run = OptionsOf(compared);
        RunSummary summary = run switch
        {
            DistillOptions distillation => DistillRun.Execute(distillation, progress, cancel),
            TrainOptions training => TrainRun.Execute(training, progress, cancel),
            _ => throw new ArgumentException($"{run.GetType().Name} is no kind of run", nameof(compared)),
        };
        double speed = summary.ImagesPerSecond / run.BatchSize;
        return new RunRecord
        {
            Recipe = compared.Recipe.Name,
            Seed = run.Seed,
            Options = DecidingOf(compared),
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

    private RunRecord Measured(RunRecord record, TestSet set, string model, IProgress<TrainProgress>? progress, CancellationToken cancel)
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
