// dfkd estimate: what accuracy a student will reach, without labels.

using System.CommandLine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;
using static System.FormattableString;
using static DataFreeKD.Cli.Output.TrainingText;

namespace DataFreeKD.Cli.Verbs;

/// <summary>student + teacher [+ images] → predicted accuracy on stdout.</summary>
internal sealed class EstimateVerb : Verb
{
    private readonly Argument<string> student = new("STUDENT") { Description = "Model directory or checkpoint" };
    private readonly Option<string> teacher = new("--teacher")
    {
        Description = "Teacher: model directory or checkpoint",
        HelpName = "MODEL",
        Required = true,
    };
    private readonly Option<double?> teacherAccuracy = CommonOptions.OwnFigure(
        "--teacher-accuracy",
        "Top-1 that the teacher reaches on its own distribution, 0 to 1 [default: its probabilities are taken as they are]"
    );
    private readonly Option<string?> images = new("--images")
    {
        Description =
            "Unlabelled images: table with path, folder, archive or glob [default: those that the student's distillation held out]",
        HelpName = "IMAGES",
    };
    private readonly Option<string?> labelled = new("--labelled")
    {
        Description = "Labelled images (as --data of evaluate) to check the estimate on",
        HelpName = "LABELLED",
    };
    private readonly Option<int?> heads = new("--heads")
    {
        Description = "Attention heads of STUDENT, if its checkpoint does not state them",
        HelpName = "N",
    };
    private readonly Option<int?> teacherHeads = CommonOptions.TeacherHeads("--teacher-heads");
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly Option<int> batchSize = CommonOptions.BatchSize(128).AtLeast(1);

    public EstimateVerb()
        : base(
            "estimate",
            "Estimate a student's accuracy without labels, from the teacher's probabilities.",
            "dfkd estimate student/ --teacher teacher/ --teacher-accuracy 0.81\ndfkd estimate student/ --teacher teacher/ --images photos/ --labelled test/"
        )
    {
        Add(student);
        AddOptions([
            teacher,
            teacherAccuracy,
            images,
            labelled,
            heads,
            teacherHeads,
            batchSize,
            .. preprocessing.All,
            CommonOptions.Device,
            CommonOptions.Threads,
            .. StorageOptionSet.All,
        ]);
    }

    public override void Check(ParseResult parsed) => OptionsOf(parsed).Validate();

    private EstimateOptions OptionsOf(ParseResult parsed) =>
        new()
        {
            Student = parsed.GetRequiredValue(student),
            Teacher = parsed.GetRequiredValue(teacher),
            TeacherAccuracy = parsed.GetValue(teacherAccuracy),
            Images = parsed.GetValue(images),
            Labelled = parsed.GetValue(labelled),
            Heads = parsed.GetValue(heads),
            TeacherHeads = parsed.GetValue(teacherHeads),
            Preprocessing = preprocessing.In(parsed),
            BatchSize = parsed.GetValue(batchSize),
            Device = parsed.GetValue(CommonOptions.Device)!,
            Workers = parsed.GetValue(CommonOptions.Threads),
        };

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        EstimateOptions options = OptionsOf(parsed);
        options.Validate();
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        EstimateReport report = terminal.Track<TrainProgress, EstimateReport>(
            progress => TrainingText.Show(progress, "accuracy"),
            progress => EstimateRun.Execute(options, progress, cancel)
        );
        terminal.Print(report, () => string.Join('\n', Text(report)));
    }

    private static IEnumerable<string> Text(EstimateReport report)
    {
        yield return Invariant(
            $"{report.Student} on {report.Images:N0} {(report.HeldOut ? "held-out " : "")}images of {report.Source}, without labels"
        );
        foreach (string skipped in Skipped(report.Skipped))
            yield return skipped;
        yield return "";
        yield return Invariant(
            $"estimated to keep {Percent(report.Retained)} of the teacher's accuracy, range {Percent(report.RetainedLow)} to {Percent(report.RetainedHigh)}"
        );
        yield return Invariant(
            $"estimated top-1: {Percent(report.Estimate)}, range {Percent(report.Low)} to {Percent(report.High)}{(report.TeacherAccuracy is null ? ", if the teacher's probabilities are right" : "")}"
        );
        yield return "";
        yield return TextTable.Format(
            ["teacher's expectation over", "images", "top-1", "standard error", "temperature"],
            [
                Row("all images", report.All),
                Row("the more familiar half", report.Familiar),
                Row("the less familiar half", report.Unfamiliar),
            ]
        );
        yield return "";
        List<string[]> rows =
        [
            ["agreement with the teacher", Percent(report.Agreement)],
            ["teacher's mean confidence", Percent(report.TeacherConfidence)],
        ];
        if (report.TeacherAccuracy is { } accuracy)
            rows.Add(["teacher's accuracy, as given", Percent(accuracy)]);
        if (report.AgreementTimesAccuracy is { } product)
            rows.Add(["agreement × teacher's accuracy", Percent(product)]);
        yield return TextTable.Format(["figure", "value"], rows);
        if (report.Labelled is { } truth)
        {
            yield return "";
            yield return Invariant(
                $"true top-1 on {truth.Images:N0} images of {truth.Data}: {Percent(truth.Top1)}; the estimate is off by {100 * truth.Error:+0.00;-0.00} points; the range {(truth.Held ? "holds" : "does not hold")} it"
            );
            foreach (string skipped in Skipped(truth.Skipped))
                yield return skipped;
        }
        foreach (string warning in report.Warnings)
            yield return $"\nnote: {warning}";
    }

    private static string[] Row(string name, ExpectedAccuracy of) =>
        [name, Invariant($"{of.Images:N0}"), Percent(of.Accuracy), Percent(of.StandardError), Invariant($"{of.Temperature:F3}")];
}
