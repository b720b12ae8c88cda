// dfkd evaluate: a model against labels, and against its teacher.

using System.CommandLine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;
using static System.FormattableString;
using static DataFreeKD.Cli.Output.TrainingText;

namespace DataFreeKD.Cli.Verbs;

/// <summary>model + labelled images → report on stdout.</summary>
internal sealed class EvaluateVerb : Verb
{
    // More classes than this are summed up by their worst.
    private const int ClassesShown = 20;

    private readonly Argument<string> model = new("MODEL") { Description = "Model directory or checkpoint" };
    private readonly Option<string> data = new("--data")
    {
        Description = "Folder with one sub-folder a class, archive of such, or table with path and label",
        HelpName = "LABELLED",
        Required = true,
    };
    private readonly Option<string?> against = new("--against")
    {
        Description = "A second model to compare with, usually the teacher",
        HelpName = "MODEL",
    };
    private readonly Option<int?> heads = new("--heads")
    {
        Description = "Attention heads of MODEL, where its checkpoint does not tell",
        HelpName = "N",
    };
    private readonly Option<int?> againstHeads = new("--against-heads")
    {
        Description = "Attention heads of the second model",
        HelpName = "N",
    };
    private readonly Option<int?> limit = new("--limit") { Description = "Images at most", HelpName = "N" };
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly PreprocessingOptionSet againstPreprocessing = new("against-", ", of the second model");
    private readonly Option<int> batchSize = CommonOptions.BatchSize(128).AtLeast(1);

    public EvaluateVerb()
        : base(
            "evaluate",
            "Measure a model on labelled images: accuracy, calibration, agreement with the teacher, cost.",
            "dfkd evaluate student/ --data photos/test --against teacher/"
        )
    {
        Add(model);
        AddOptions([
            data,
            against,
            limit,
            heads,
            againstHeads,
            batchSize,
            .. preprocessing.All,
            .. againstPreprocessing.All,
            CommonOptions.Device,
            CommonOptions.Threads,
            .. StorageOptionSet.All,
        ]);
    }

    public override void Check(ParseResult parsed) => OptionsOf(parsed).Validate();

    private EvaluateOptions OptionsOf(ParseResult parsed) =>
        new()
        {
            Model = parsed.GetRequiredValue(model),
            Labelled = parsed.GetRequiredValue(data),
            Against = parsed.GetValue(against),
            Heads = parsed.GetValue(heads),
            Preprocessing = preprocessing.In(parsed),
            AgainstHeads = parsed.GetValue(againstHeads),
            AgainstPreprocessing = againstPreprocessing.In(parsed),
            Limit = parsed.GetValue(limit),
            BatchSize = parsed.GetValue(batchSize),
            Device = parsed.GetValue(CommonOptions.Device)!,
            Workers = parsed.GetValue(CommonOptions.Threads),
        };

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        EvaluateOptions options = OptionsOf(parsed);
        options.Validate();
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        EvaluationReport report = terminal.Track<TrainProgress, EvaluationReport>(
            progress => TrainingText.Show(progress, "accuracy"),
            progress => EvaluateRun.Execute(options, progress, cancel)
        );
        terminal.Print(report, () => string.Join('\n', Text(report)));
    }

    private static IEnumerable<string> Text(EvaluationReport report)
    {
        yield return Invariant($"{report.Model} on {report.Images:N0} images of {report.Data}");
        foreach (string skipped in Skipped(report.Skipped))
            yield return skipped;
        yield return "";
        List<string[]> rows =
        [
            ["top-1", Percent(report.Top1), report.Against is { } other ? Percent(other.Top1) : ""],
            ["top-5", Percent(report.Top5), ""],
            ["top-1, mean of classes", Percent(report.BalancedTop1), ""],
            ["calibration error", Percent(report.CalibrationError), ""],
            ["mean confidence", Percent(report.MeanConfidence), ""],
            ["parameters", Invariant($"{report.Parameters:N0}"), report.Against is { } size ? Invariant($"{size.Parameters:N0}") : ""],
            [
                "MACs an image",
                Invariant($"{report.Macs / 1e6:N1} M"),
                report.Against is { } cost ? Invariant($"{cost.Macs / 1e6:N1} M") : "",
            ],
            [
                "forward pass, images/s",
                Invariant($"{report.ImagesPerSecond:N0}"),
                report.Against is { } speed ? Invariant($"{speed.ImagesPerSecond:N0}") : "",
            ],
        ];
        if (report.Against is null)
            yield return TextTable.Format(["", "model"], rows.Select(row => row[..2]));
        else
        {
            rows.Add(["agreement", Percent(report.Against.Agreement), ""]);
            rows.Add(["KL(against || model), nats", Invariant($"{report.Against.Divergence:F4}"), ""]);
            yield return TextTable.Format(["", "model", "against"], rows);
        }
        yield return "";
        IEnumerable<ClassAccuracy> classes = report.Classes.Where(row => row.Images > 0);
        if (report.Classes.Count > ClassesShown)
            classes = classes.OrderBy(row => row.Accuracy).Take(ClassesShown);
        yield return TextTable.Format(
            [report.Classes.Count > ClassesShown ? "worst classes" : "class", "images", "top-1", "most taken for"],
            classes.Select(row => new[] { row.Name, Invariant($"{row.Images:N0}"), Percent(row.Accuracy), MostTakenFor(report, row) })
        );
    }

    private static string MostTakenFor(EvaluationReport report, ClassAccuracy row)
    {
        int label = report.Classes.Index().First(pair => ReferenceEquals(pair.Item, row)).Index;
        (int other, long count) = report.Confusion[label].Index().Where(pair => pair.Index != label).MaxBy(pair => pair.Item);
        return count > 0 ? Invariant($"{report.Classes[other].Name} {count:N0}") : "-";
    }
}
