// dfkd report: one page about a pool, its selection and the student.

using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;
using DataFreeKD.Probe;
using DataFreeKD.Reporting;
using DataFreeKD.Selector;
using DataFreeKD.Toolkit;

namespace DataFreeKD.Cli.Verbs;

/// <summary>scores [+ selection, teacher, student] → HTML.</summary>
internal sealed class ReportVerb : Verb
{
    private readonly Argument<string> scores = new("SCORES") { Description = "Scores table of dfkd score (.csv or .parquet)" };
    private readonly Option<string> output = CommonOptions.Output("Page to write; it holds its pictures and loads nothing", "FILE.html");
    private readonly Option<string?> selection = new("--selection")
    {
        Description = "Selection table of dfkd select from these scores",
        HelpName = "FILE",
    };
    private readonly Option<string?> student = new("--student")
    {
        Description = "Student's directory, for its training curves and, with --data, its confusions",
        HelpName = "DIR",
    };
    private readonly Option<string?> teacher = new("--teacher")
    {
        Description = "Teacher, to show where it looks on the shown images",
        HelpName = "MODEL",
    };
    private readonly Option<int?> heads = CommonOptions.TeacherHeads("--heads");
    private readonly Option<int?> block = new("--block")
    {
        Description = "Block whose attention is shown [default: the last but one]",
        HelpName = "B",
    };
    private readonly Option<string?> data = new("--data")
    {
        Description =
            "Labelled images for confusions of the student, or of the teacher without one: folder with one sub-folder a class, archive of such, or table with path and label",
        HelpName = "LABELLED",
    };
    private readonly Option<int?> limit = new("--limit") { Description = "Labelled images at most", HelpName = "N" };
    private readonly Option<string?> title = new("--title") { Description = "Title of the page", HelpName = "TEXT" };
    private readonly Option<int> images = CommonOptions.Count("--images", "Images in each strip of a class, 0 for none", 4).AtLeast(0);
    private readonly Option<int> classes = CommonOptions.Count("--classes", "Classes with images, the most frequent first", 12).AtLeast(0);
    private readonly Option<double> megabytes = CommonOptions.Figure("--image-megabytes", "All pictures together at most, megabytes", 6);
    private readonly PreprocessingOptionSet preprocessing = new();

    public ReportVerb()
        : base(
            "report",
            "Show a scored pool to people: what is useful, what was dropped and why, as one HTML page.",
            "dfkd report scores.csv --selection selected.csv -o report.html\ndfkd report scores.csv --selection selected.csv --teacher teacher/ --student student/ --data photos/test -o report.html"
        )
    {
        Add(scores);
        AddOptions([
            output,
            selection,
            teacher,
            student,
            data,
            limit,
            title,
            images,
            classes,
            megabytes,
            block,
            heads,
            .. preprocessing.All,
            CommonOptions.Device,
            CommonOptions.Threads,
            CommonOptions.Overwrite,
            .. StorageOptionSet.All,
        ]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        string table = Path.GetFullPath(parsed.GetRequiredValue(scores)),
            page = Path.GetFullPath(parsed.GetRequiredValue(output));
        if (parsed.GetValue(data) is not null && parsed.GetValue(student) is null && parsed.GetValue(teacher) is null)
            throw new UsageException("--data needs a model to judge; give --student or --teacher");
        if (parsed.GetValue(megabytes) is not (>= 0 and <= 1000))
            throw new UsageException("--image-megabytes: give 0 to 1000");
        ReportOptions options = new()
        {
            Scores = table,
            Output = page,
            Overwrite = parsed.GetValue(CommonOptions.Overwrite),
            Selection = parsed.GetValue(selection) is { } selected ? Path.GetFullPath(selected) : null,
            Student = parsed.GetValue(student),
            Title = parsed.GetValue(title),
            ImagesPerStrip = parsed.GetValue(images),
            ClassesShown = parsed.GetValue(classes),
            MaxImageBytes = (long)(parsed.GetValue(megabytes) * 1e6),
        };
        using OutputLock held = ReportRun.Begin(options);
        using PoolRanking? ranking = ReportRanking.Of(
            options,
            (method, problem) => terminal.Note($"not ranked by {method}: {FlagNames.MessageOf(problem)}"),
            cancel
        );
        options = options with { Ranking = ranking is null ? null : new RowRanking(ranking.Method, ranking.Score) };
        // Once: libtorch takes its threads only before its first work.
        if (parsed.GetValue(data) is not null || parsed.GetValue(teacher) is not null)
            TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        if (parsed.GetValue(data) is not null)
            options = options with { Confusion = Confusion(parsed, terminal, cancel) };
        ReportSummary summary = parsed.GetValue(teacher) is null
            ? Write(options, held, terminal, cancel)
            : WithTeacher(parsed, options, held, terminal, cancel);
        terminal.Conclude(summary, () => Describe(summary));
    }

    private static ReportSummary Write(ReportOptions options, OutputLock held, Terminal terminal, CancellationToken cancel) =>
        terminal.Track<long, ReportSummary>(
            rows => new("report", rows, null, "rows read"),
            progress => ReportRun.Write(options, held, progress, cancel)
        );

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ConfusionCounts Confusion(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        string model = parsed.GetValue(student) ?? parsed.GetValue(teacher)!;
        int threads = parsed.GetValue(CommonOptions.Threads);
        EvaluateOptions options = new()
        {
            Model = model,
            Labelled = parsed.GetValue(data)!,
            Limit = parsed.GetValue(limit),
            Device = parsed.GetValue(CommonOptions.Device)!,
            Workers = threads,
        };
        options.Validate();
        EvaluationReport found = terminal.Track<TrainProgress, EvaluationReport>(
            progress => TrainingText.Show(progress, "accuracy"),
            progress => EvaluateRun.Execute(options, progress, cancel)
        );
        return new ConfusionCounts(
            $"{(parsed.GetValue(student) is null ? "The teacher" : "The student")} on {options.Labelled}",
            [.. found.Classes.Select(of => of.Name)],
            found.Confusion
        );
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ReportSummary WithTeacher(
        ParseResult parsed,
        ReportOptions options,
        OutputLock held,
        Terminal terminal,
        CancellationToken cancel
    )
    {
        string model = parsed.GetValue(teacher)!;
        using Teacher probe = new(
            TeacherViews.Options(model, parsed.GetValue(heads), parsed.GetValue(block), preprocessing.In(parsed), parsed)
        );
        IReadOnlyList<AttentionView?> Look(IReadOnlyList<string> paths) =>
            [.. probe.Look(paths, cancel).Select(look => look is null ? null : TeacherViews.View(look, probe.Blocks[^1]))];
        return Write(
            options with
            {
                Attention = probe.Blocks.Count == 0 ? null : Look,
                Teacher = new TeacherFacts(model, probe.Classes),
            },
            held,
            terminal,
            cancel
        );
    }

    private static IEnumerable<string> Describe(ReportSummary summary)
    {
        string selected = summary.Selected is { } rows ? string.Create(CultureInfo.InvariantCulture, $", {rows:N0} selected") : "";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Rows:N0} rows, {summary.Usable:N0} usable{selected}; {summary.Images} pictures, {summary.Bytes / 1e6:F1} MB"
        );
        foreach (string warning in summary.Warnings)
            yield return $"warning: {warning}";
        yield return $"-> {summary.Output}";
    }
}
