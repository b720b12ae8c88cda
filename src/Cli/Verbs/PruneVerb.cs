// dfkd prune: a smaller student out of the teacher, in closed form.

using System.CommandLine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Pruning;

namespace DataFreeKD.Cli.Verbs;

/// <summary>teacher + unlabelled images → student directory.</summary>
internal sealed class PruneVerb : Verb
{
    // Only its defaults are read.
    private static readonly PruneOptions Defaults = new()
    {
        Teacher = "",
        Selection = "",
        Output = "",
    };

    private readonly Argument<string> teacher = new("TEACHER") { Description = "Vision Transformer: model directory or checkpoint" };
    private readonly Argument<string> images = new("IMAGES")
    {
        Description = "Unlabelled images: selection or other table with a path column, folder, archive or glob",
    };
    private readonly Option<string> output = CommonOptions.Output("Model directory to write", "DIR");
    private readonly Option<string?> student = new("--student")
    {
        Description = "Shape of the student: name or vit:img=32,patch=4,dim=90,depth=6,heads=3 [default: searched for]",
        HelpName = "SPEC",
    };
    private readonly Option<double?> parameters = CommonOptions.OwnFigure(
        "--params",
        "Largest number of parameters: up to 1 a share of the teacher's, above 1 an absolute number [default: the knee of the frontier]"
    );
    private readonly Option<double?> macs = CommonOptions.OwnFigure(
        "--macs",
        "Largest number of multiply-accumulates per image: up to 1 a share of the teacher's, above 1 an absolute number"
    );
    private readonly Option<double?> latency = CommonOptions.OwnFigure(
        "--latency-ms",
        "Longest time for one image alone on this machine, milliseconds"
    );
    private readonly Option<string?> blocks = new("--blocks")
    {
        Description = "Blocks of the teacher that are kept, such as 0,1,3,4,5; with --student [default: those that change the tokens most]",
        HelpName = "LIST",
    };
    private readonly Choice<PruneMethod> method = new(
        "--method",
        "How layers are fitted: refined, or plain ridge regressions to compare with"
    );
    private readonly Option<int> count = CommonOptions
        .Count("--images", "Images to fit on at most, drawn by the seed", Defaults.Images)
        .AtLeast(2);
    private readonly Option<int> trialImages = CommonOptions
        .Count("--trial-images", "Images that each shape of a search is fitted on", Defaults.TrialImages)
        .AtLeast(2);
    private readonly Option<double> holdOut = CommonOptions.Figure(
        "--hold-out",
        "Share of the images held out, as a distillation with the same seed holds them out",
        Defaults.HoldOut
    );
    private readonly Option<string?> pool = new("--pool")
    {
        Description =
            "Table that IMAGES were selected from (scores.csv): half of the images to fit and to measure on are sampled from its other rows",
        HelpName = "TABLE",
    };
    private readonly Option<double> penalty = CommonOptions.Figure(
        "--ridge",
        "Ridge penalty, as a share of the mean diagonal of the normal equations",
        Defaults.Penalty
    );
    private readonly Option<int?> batchSize = CommonOptions.OwnCount("--batch-size", "Images a batch [default: about 8,192 tokens]");
    private readonly Option<double?> teacherAccuracy = CommonOptions.OwnFigure(
        "--teacher-accuracy",
        "Top-1 that the teacher reaches on its own distribution, 0 to 1, for estimated accuracies [default: its probabilities are taken as they are]"
    );
    private readonly Option<int?> heads = CommonOptions.TeacherHeads("--heads");
    private readonly PreprocessingOptionSet preprocessing = new();

    public PruneVerb()
        : base(
            "prune",
            "Make a smaller Vision Transformer that predicts as its teacher does, in closed form: no labels, no training.",
            "dfkd prune teacher/ selected.csv --params 0.2 -o student/\ndfkd prune teacher/ photos/ --student vit:img=32,patch=4,dim=90,depth=6,heads=3 -o student/\ndfkd prune teacher/ selected.csv -o student/     (shows the frontier and takes its knee)"
        )
    {
        Add(teacher);
        Add(images);
        AddOptions([
            output,
            student,
            parameters,
            macs,
            latency,
            blocks,
            method.Option,
            count,
            trialImages,
            holdOut,
            pool,
            penalty,
            batchSize,
            teacherAccuracy,
            heads,
            .. preprocessing.All,
            CommonOptions.Seed,
            CommonOptions.Device,
            CommonOptions.Threads,
            CommonOptions.Resume,
            CommonOptions.Overwrite,
            .. StorageOptionSet.All,
        ]);
    }

    public override void Check(ParseResult parsed) => OptionsOf(parsed).Validate();

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        PruneOptions options = OptionsOf(parsed);
        options.Validate();
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        PruneSummary summary = terminal.Track<TrainProgress, PruneSummary>(
            progress => TrainingText.Show(progress, "agreement"),
            progress => PruneRun.Execute(options, progress, cancel)
        );
        terminal.Conclude(summary, () => PruningText.Describe(summary));
    }

    private PruneOptions OptionsOf(ParseResult parsed) =>
        new()
        {
            Teacher = parsed.GetRequiredValue(teacher),
            Selection = parsed.GetRequiredValue(images),
            Output = Path.GetFullPath(parsed.GetRequiredValue(output)),
            Student = parsed.GetValue(student),
            Size = BudgetOf(parsed),
            Blocks = parsed.GetValue(blocks) is { } list ? BlockList.Parse(list) : null,
            Method = method.In(parsed),
            Images = parsed.GetValue(count),
            TrialImages = parsed.GetValue(trialImages),
            HoldOut = parsed.GetValue(holdOut),
            PoolPath = parsed.GetValue(pool) is { } table ? Path.GetFullPath(table) : null,
            Penalty = parsed.GetValue(penalty),
            BatchSize = parsed.GetValue(batchSize),
            TeacherAccuracy = parsed.GetValue(teacherAccuracy),
            TeacherHeads = parsed.GetValue(heads),
            Preprocessing = preprocessing.In(parsed),
            Seed = parsed.GetValue(CommonOptions.Seed),
            Device = parsed.GetValue(CommonOptions.Device)!,
            Workers = parsed.GetValue(CommonOptions.Threads),
            Resume = parsed.GetValue(CommonOptions.Resume),
            Overwrite = parsed.GetValue(CommonOptions.Overwrite),
            ToolVersion = ToolVersion,
        };

    private ShapeBudget? BudgetOf(ParseResult parsed)
    {
        (string Name, BudgetUnit Unit, double? Value)[] given =
        [
            .. new[]
            {
                (parameters.Name, BudgetUnit.Parameters, parsed.GetValue(parameters)),
                (macs.Name, BudgetUnit.Macs, parsed.GetValue(macs)),
                (latency.Name, BudgetUnit.LatencyMs, parsed.GetValue(latency)),
            }.Where(option => option.Item3 is not null),
        ];
        if (given.Length > 1)
            throw new UsageException($"{given[0].Name} and {given[1].Name} exclude each other: give one budget");
        if (given.Length == 0)
            return null;
        if (parsed.GetValue(student) is not null)
            throw new UsageException($"--student and {given[0].Name} exclude each other: give a shape or a budget");
        return new ShapeBudget(given[0].Unit, given[0].Value!.Value);
    }
}
