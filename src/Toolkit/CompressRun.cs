// Compression from end to end: teacher and images in, student, estimate and report out.

using DataFreeKD.Crawler;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Pruning;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Reporting;
using DataFreeKD.Selector;

namespace DataFreeKD.Toolkit;

/// <summary>Compresses a Vision Transformer with nothing but unlabelled images. <c>dfkd compress</c> runs the same stages with the same
/// defaults.</summary>
public static class CompressRun
{
    /// <summary>Runs every stage that is not finished. A stage whose output is there is kept; one that was interrupted goes on. The folder
    /// belongs to one set of options: others are refused by name.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told by every stage.</param>
    /// <param name="cancel">Stops between batches; call again to go on.</param>
    /// <exception cref="CompressException">Options that do not fit each other, or the folder.</exception>
    /// <exception cref="Core.DataFreeKDException">What a stage refuses, in one line.</exception>
    /// <exception cref="FileNotFoundException">There are no images.</exception>
    public static CompressSummary Execute(
        CompressOptions options,
        IProgress<CompressProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        options.Validate();
        using OutputLock held = OutputLock.Take(options.Output, "compress");
        CompressFolder folder = CompressFolder.Open(options);
        if (!CompressFolder.IsModel(folder.Pruned))
            PruneRun.RequirePrunable(Pruning(options, folder));
        IReadOnlyList<string> images = Images(options, folder, progress, cancel);
        Score(options, images, folder, progress, cancel);
        Select(options, images, folder, progress, cancel);
        PruneSummary? pruned = Prune(options, folder, progress, cancel);
        DistillSummary? trained = Train(options, folder, progress, cancel);
        string student = options.Trains ? folder.Trained : folder.Pruned;
        EstimateReport estimate = EstimateRun.Execute(
            new EstimateOptions
            {
                Student = student,
                Teacher = options.Teacher,
                TeacherAccuracy = options.TeacherAccuracy,
                TeacherHeads = options.TeacherHeads,
                Preprocessing = options.Preprocessing,
                Device = options.Device,
            },
            Told(progress, "estimate"),
            cancel
        );
        Report(options, student, folder, progress, cancel);
        using LoadedModel small = ModelStore.Load(student),
            large = ModelStore.Load(options.Teacher, options.TeacherHeads);
        return new CompressSummary
        {
            Student = student,
            Parameters = small.Model.ParameterCount(),
            TeacherParameters = large.Model.ParameterCount(),
            Pruned = pruned,
            Trained = trained,
            Estimate = estimate,
            Scores = folder.Scores,
            Selection = folder.Selection,
            Report = folder.Report,
        };
    }

    private static IReadOnlyList<string> Images(
        CompressOptions options,
        CompressFolder folder,
        IProgress<CompressProgress>? progress,
        CancellationToken cancel
    )
    {
        if (!options.Sources.Any(CompressDefaults.NeedsCrawl))
            return options.Sources;
        CrawlOptions crawl = new() { Sources = options.Sources, Store = folder.Store };
        return [CrawlRun.Execute(crawl, As<CrawlProgress>(progress, moment => new("crawl", moment.Done, 0)), cancel).Manifest];
    }

    private static void Score(
        CompressOptions options,
        IReadOnlyList<string> images,
        CompressFolder folder,
        IProgress<CompressProgress>? progress,
        CancellationToken cancel
    )
    {
        if (File.Exists(folder.Scores))
            return;
        ScoreOptions score = new()
        {
            Sources = images,
            Teacher = options.Teacher,
            TeacherHeads = options.TeacherHeads,
            Preprocessing = options.Preprocessing,
            Output = folder.Scores,
            KeepEmbeddings = true,
            Device = options.Device,
            Resume = true,
        };
        ScoreRun.Execute(score, As<ScoreProgress>(progress, moment => new("score", moment.Done, 0)), cancel);
    }

    private static SelectOptions Selection(CompressOptions options, CompressFolder folder) =>
        new()
        {
            Scores = folder.Scores,
            Output = folder.Selection,
            Seed = options.Seed,
        };

    private static void Select(
        CompressOptions options,
        IReadOnlyList<string> images,
        CompressFolder folder,
        IProgress<CompressProgress>? progress,
        CancellationToken cancel
    )
    {
        if (File.Exists(folder.Selection))
            return;
        SelectOptions select = Selection(options, folder) with
        {
            Budget = options.Budget ?? CompressDefaults.Selected(CompressDefaults.Count(images, cancel)),
        };
        SelectionRun.Execute(select, As<long>(progress, rows => new("select", rows, 0)), cancel);
    }

    private static PruneSummary? Prune(
        CompressOptions options,
        CompressFolder folder,
        IProgress<CompressProgress>? progress,
        CancellationToken cancel
    )
    {
        if (CompressFolder.IsModel(folder.Pruned))
            return null;
        return PruneRun.Execute(Pruning(options, folder), Told(progress, "prune"), cancel);
    }

    private static PruneOptions Pruning(CompressOptions options, CompressFolder folder) =>
        new()
        {
            Teacher = options.Teacher,
            TeacherHeads = options.TeacherHeads,
            Preprocessing = options.Preprocessing,
            TeacherAccuracy = options.TeacherAccuracy,
            Selection = folder.Selection,
            PoolPath = folder.Scores,
            HoldOut = CompressDefaults.HoldOut,
            Student = options.Student,
            Size = options.Size,
            Seed = options.Seed,
            Device = options.Device,
            Output = folder.Pruned,
            Resume = true,
        };

    private static DistillSummary? Train(
        CompressOptions options,
        CompressFolder folder,
        IProgress<CompressProgress>? progress,
        CancellationToken cancel
    )
    {
        if (!options.Trains || CompressFolder.IsModel(folder.Trained))
            return null;
        DistillOptions distill = new()
        {
            Teacher = options.Teacher,
            TeacherHeads = options.TeacherHeads,
            Preprocessing = options.Preprocessing,
            Selection = folder.Selection,
            ValidationPath = folder.Pruned,
            Student = folder.Pruned,
            Minutes = options.Steps is null ? options.Minutes : null,
            Steps = options.Steps,
            Patience = CompressDefaults.Patience,
            Seed = options.Seed,
            Device = options.Device,
            Output = folder.Trained,
            Resume = true,
        };
        return DistillRun.Execute(distill, Told(progress, "distill"), cancel);
    }

    private static void Report(
        CompressOptions options,
        string student,
        CompressFolder folder,
        IProgress<CompressProgress>? progress,
        CancellationToken cancel
    )
    {
        using PoolRanking ranking = PoolRanking.Of(Selection(options, folder) with { Budget = 1 }, cancel: cancel);
        ReportOptions report = new()
        {
            Scores = folder.Scores,
            Selection = folder.Selection,
            Student = student,
            Output = folder.Report,
            Ranking = new RowRanking(ranking.Method, ranking.Score),
        };
        ReportRun.Execute(report, As<long>(progress, rows => new("report", rows, 0)), cancel);
    }

    private static Relay<TrainProgress>? Told(IProgress<CompressProgress>? progress, string stage) =>
        As<TrainProgress>(progress, moment => new(stage, moment.Done, moment.Total));

    private static Relay<T>? As<T>(IProgress<CompressProgress>? progress, Func<T, CompressProgress> told) =>
        progress is null ? null : new Relay<T>(progress, told);

    // Tells at once, in order, on the caller's thread; Progress<T> would not.
    private sealed class Relay<T>(IProgress<CompressProgress> progress, Func<T, CompressProgress> told) : IProgress<T>
    {
        public void Report(T value) => progress.Report(told(value));
    }
}
