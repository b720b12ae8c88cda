// dfkd compress: a teacher and a pile of images in, a student and a report out.

using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DataFreeKD.Cli.Output;
using DataFreeKD.Cli.Pipeline;
using DataFreeKD.Distiller.Pruning;
using static System.FormattableString;

namespace DataFreeKD.Cli.Verbs;

/// <summary>teacher + images → student, report and the pipeline that made them.</summary>
internal sealed class CompressVerb : Verb
{
    private const double DefaultMinutes = 10;

    private readonly Argument<string[]> images = new("IMAGES")
    {
        Description =
            "Unlabelled images: folders, globs, archives, tables with a path column; web addresses, s3://bucket/prefix or lists of addresses, which are crawled first",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> teacher = new("--teacher")
    {
        Description = "Vision Transformer to compress: model directory or checkpoint",
        HelpName = "MODEL",
        Required = true,
    };
    private readonly Option<string> output = CommonOptions.Output("Output folder; finished stages in it are reused", "DIR");
    private readonly Option<double> minutes = CommonOptions.Figure(
        "--minutes",
        "Minutes to train after pruning; 0 skips training",
        DefaultMinutes
    );
    private readonly Option<int?> steps = CommonOptions.OwnCount(
        "--steps",
        "Optimiser steps after pruning, instead of --minutes: the same result whatever the machine's speed"
    );
    private readonly Option<string?> student = new("--student")
    {
        Description = "Shape of the student: name or vit:... [default: the knee of the frontier]",
        HelpName = "SPEC",
    };
    private readonly Option<double?> parameters = CommonOptions.OwnFigure(
        "--params",
        "Largest number of parameters: up to 1 a share of the teacher's, above 1 an absolute number"
    );
    private readonly Option<double?> macs = CommonOptions.OwnFigure(
        "--macs",
        "Largest number of multiply-accumulates per image: up to 1 a share of the teacher's, above 1 an absolute number"
    );
    private readonly Option<double?> latency = CommonOptions.OwnFigure(
        "--latency-ms",
        "Longest time for one image alone on this machine, milliseconds"
    );
    private readonly Option<int?> budget = CommonOptions.OwnCount(
        "--budget",
        "Images to select [default: all up to 4,000, else a fifth, 4,000 to 20,000]"
    );
    private readonly Option<string?> labelled = new("--labelled")
    {
        Description =
            "Labelled images (one folder per class, or a table with label) to show the true accuracy beside the estimate; nothing else reads them",
        HelpName = "LABELLED",
    };
    private readonly Option<double?> teacherAccuracy = CommonOptions.OwnFigure(
        "--teacher-accuracy",
        "Top-1 that the teacher reaches on its own distribution, 0 to 1 [default: its probabilities are taken as they are]"
    );
    private readonly Option<int?> heads = CommonOptions.TeacherHeads("--heads");
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly Option<bool> dryRun = new("--dry-run") { Description = "Only write the pipeline and tell which stages would run" };

    public CompressVerb()
        : base(
            "compress",
            "Compress a Vision Transformer with only unlabelled images: score, select, prune, train, estimate, report.",
            "dfkd compress photos/ --teacher teacher/ -o out/\ndfkd compress photos/ more.tar --teacher teacher/ --params 0.1 --minutes 30 -o out/\ndfkd compress urls.csv --teacher teacher/ --labelled test/ -o out/"
        )
    {
        Add(images);
        AddOptions([
            teacher,
            output,
            minutes,
            steps,
            student,
            parameters,
            macs,
            latency,
            budget,
            labelled,
            teacherAccuracy,
            heads,
            .. preprocessing.All,
            dryRun,
            CommonOptions.Seed,
            CommonOptions.Device,
            .. StorageOptionSet.All,
        ]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        CompressPlan plan = PlanOf(parsed);
        string file = Path.Combine(plan.Output, "pipeline.yaml"),
            text = plan.Text(cancel);
        if (File.Exists(plan.Output))
            throw new UsageException($"{plan.Output} is a file; name a folder for the outputs");
        if (File.Exists(file) && !File.ReadAllText(file).StartsWith(CompressPlan.Mark, StringComparison.Ordinal))
            throw new UsageException($"{file} was not written by dfkd compress; run it with dfkd run, or name another folder");
        if (
            !File.Exists(file)
            && Directory.Exists(plan.Output)
            && Directory.EnumerateFileSystemEntries(plan.Output).Any(entry => !OutputLock.IsWithin(entry))
        )
            throw new UsageException($"{plan.Output} holds files that no dfkd compress left; name a new or empty folder");
        RequirePrunable(plan);
        using OutputLock held = RunLock.Take(plan.Output);
        AtomicFile.WriteAllText(file, text);

        RootCommand root = CommandLine.Build();
        Pipeline.Pipeline pipeline = PipelineFile.Read(file, plan.Output, root);
        Environment.CurrentDirectory = plan.Output;
        if (parsed.GetValue(dryRun))
        {
            IReadOnlyList<PlannedStage> stages = PipelinePlan.Of(pipeline, new RunScope(), cancel);
            terminal.Print(
                new
                {
                    plan.Output,
                    Pipeline = file,
                    Stages = stages,
                },
                () => TextTable.Format(["stage", "action", "why"], stages.Select(stage => (string[])[stage.Name, stage.Action, stage.Why]))
            );
            return;
        }
        RunSummary run = PipelineRun.Execute(pipeline, file, root, new RunScope(), terminal.View(), cancel, held);
        CompressSummary summary = CompressSummary.Of(run, file);
        terminal.Print(summary, () => Describe(summary));
    }

    // Scoring may take hours: what pruning would refuse after it is refused before it.
    private static void RequirePrunable(CompressPlan plan)
    {
        TorchRuntime.Start(1);
        // Each stage shows how it read the teacher.
        CheckpointNotes.ShowIn(null);
        PruneRun.RequirePrunable(
            new PruneOptions
            {
                Teacher = plan.Teacher,
                TeacherHeads = plan.Heads,
                Preprocessing = plan.Preprocessing,
                Student = plan.Size is ("student", var spec) ? spec : null,
                Selection = "",
                Output = "",
            }
        );
    }

    private CompressPlan PlanOf(ParseResult parsed)
    {
        double time = parsed.GetValue(minutes);
        if (!(time >= 0) || double.IsInfinity(time))
            throw new UsageException(Invariant($"--minutes {time}: must be 0 or more"));
        if (parsed.GetValue(steps) is { } exact && (exact < 1 || parsed.GetResult(minutes) is { Implicit: false }))
            throw new UsageException(
                exact < 1 ? $"--steps {exact}: must be 1 or more" : "--steps and --minutes exclude each other: give one"
            );
        (string Key, string? Value)[] sizes =
        [
            .. new (string Key, string? Value)[]
            {
                ("student", parsed.GetValue(student)),
                ("params", Number(parsed.GetValue(parameters))),
                ("macs", Number(parsed.GetValue(macs))),
                ("latency-ms", Number(parsed.GetValue(latency))),
            }.Where(size => size.Value is not null),
        ];
        if (sizes.Length > 1)
            throw new UsageException($"--{sizes[0].Key} and --{sizes[1].Key} exclude each other: give one");
        string model = Path.GetFullPath(parsed.GetRequiredValue(teacher));
        if (!Path.Exists(SourceText.WithoutWeightsKey(model)))
            throw new UsageException($"--teacher {parsed.GetRequiredValue(teacher)}: there is no such file or folder");
        return new CompressPlan
        {
            Teacher = model,
            Sources = parsed.GetRequiredValue(images),
            Output = Path.GetFullPath(parsed.GetRequiredValue(output)),
            Minutes = time,
            Steps = parsed.GetValue(steps),
            Size = sizes.Length == 0 ? null : (sizes[0].Key, sizes[0].Value!),
            Budget = parsed.GetValue(budget) is { } count
                ? count > 0
                    ? count
                    : throw new UsageException($"--budget {count}: must be 1 or more")
                : null,
            Labelled = parsed.GetValue(labelled) is { } data ? Path.GetFullPath(data) : null,
            TeacherAccuracy = parsed.GetValue(teacherAccuracy),
            Heads = parsed.GetValue(heads),
            Preprocessing = preprocessing.In(parsed),
            Seed = parsed.GetValue(CommonOptions.Seed),
            Device = parsed.GetValue(CommonOptions.Device)!,
        };
    }

    private static string? Number(double? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static string Describe(CompressSummary summary)
    {
        List<string> lines = [];
        string Share(long? part, long? whole) => part is { } p && whole is { } w && w > 0 ? Invariant($"{100.0 * p / w:F1} %") : "-";
        lines.Add(
            Invariant(
                $"student     {summary.Shape}: {summary.Parameters:N0} parameters ({Share(summary.Parameters, summary.TeacherParameters)} of the teacher's), {summary.Macs:N0} MACs ({Share(summary.Macs, summary.TeacherMacs)})"
            )
        );
        lines.Add(
            Invariant(
                $"agreement   with the teacher on held-out images: {Percent(summary.PrunedAgreement)} after pruning{(summary.TrainedAgreement is null ? "" : summary.KeptStep == 0 ? "; training brought no gain, so the pruned student is kept" : Invariant($", {Percent(summary.TrainedAgreement)} after training"))}"
            )
        );
        lines.Add(
            Invariant(
                $"accuracy    estimated without labels: {Percent(summary.Retained)} of the teacher's, range {Percent(summary.RetainedLow)} to {Percent(summary.RetainedHigh)}"
            )
        );
        lines.Add(
            summary.TeacherAccuracy is null
                ? "            (with --teacher-accuracy as top-1)"
                : Invariant($"            top-1 {Percent(summary.Estimate)}, range {Percent(summary.Low)} to {Percent(summary.High)}")
        );
        if (summary.Top1 is not null)
            lines.Add(
                Invariant(
                    $"            true top-1 on the labelled images: {Percent(summary.Top1)}; the teacher's {Percent(summary.TeacherTop1)}{(summary.PrunedTop1 is null ? "" : Invariant($", after pruning alone {Percent(summary.PrunedTop1)}"))}"
                )
            );
        lines.Add($"student in  {summary.Student}");
        lines.Add($"report      {summary.Report}");
        lines.Add($"next        dfkd export {summary.Student} --onnx student.onnx");
        lines.Add($"pipeline    {summary.Pipeline} (dfkd run goes on from it)");
        return string.Join('\n', lines);

        static string Percent(double? share) => share is { } value ? TrainingText.Percent(value) : "-";
    }
}

/// <summary>What a compression came to.</summary>
/// <param name="Student">The student's directory.</param>
/// <param name="Shape">Its shape, as a spec.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="TeacherParameters">The teacher's.</param>
/// <param name="Macs">Its multiply-accumulates of one image.</param>
/// <param name="TeacherMacs">The teacher's.</param>
/// <param name="PrunedAgreement">Held-out agreement after pruning, 0–1.</param>
/// <param name="TrainedAgreement">The same after training; null where nothing was trained.</param>
/// <param name="KeptStep">The step whose weights were written; 0 for the pruned student's, null where nothing was trained.</param>
/// <param name="Estimate">Estimated top-1, 0–1.</param>
/// <param name="Low">Its range.</param>
/// <param name="High">Its range.</param>
/// <param name="Retained">Estimated share of the teacher's accuracy that is kept, 0–1.</param>
/// <param name="RetainedLow">Its range.</param>
/// <param name="RetainedHigh">Its range.</param>
/// <param name="TeacherAccuracy">The teacher's top-1 as given; null where it was not, and the estimated top-1 then is as good as the
/// teacher's probabilities.</param>
/// <param name="Top1">True top-1 on the labelled images; null without.</param>
/// <param name="PrunedTop1">The same of the pruned student, where it was trained afterwards.</param>
/// <param name="TeacherTop1">The same of the teacher.</param>
/// <param name="Report">The report page.</param>
/// <param name="Pipeline">The pipeline file.</param>
/// <param name="Run">The whole run.</param>
internal sealed record CompressSummary(
    string Student,
    string Shape,
    long? Parameters,
    long? TeacherParameters,
    long? Macs,
    long? TeacherMacs,
    double? PrunedAgreement,
    double? TrainedAgreement,
    long? KeptStep,
    double? Estimate,
    double? Low,
    double? High,
    double? Retained,
    double? RetainedLow,
    double? RetainedHigh,
    double? TeacherAccuracy,
    double? Top1,
    double? PrunedTop1,
    double? TeacherTop1,
    string Report,
    string Pipeline,
    RunSummary Run
)
{
    /// <summary>Picks the figures out of a finished run.</summary>
    public static CompressSummary Of(RunSummary run, string file)
    {
        JsonNode? Stage(string name) => run.Stages.FirstOrDefault(stage => stage.Name == name)?.Summary;
        JsonNode? pruned = Stage("prune"),
            trained = Stage("distill"),
            estimate = Stage("estimate"),
            truth = Stage("evaluate"),
            prunedTruth = Stage("evaluate-pruned");
        return new CompressSummary(
            Path.Combine(run.Output, trained is null ? "pruned" : "student"),
            pruned?["student"]?.GetValue<string>() ?? "",
            Count(pruned, "parameters"),
            Count(pruned, "teacher_parameters"),
            Count(pruned, "macs"),
            Count(pruned, "teacher_macs"),
            Figure(pruned, "held_out"),
            Figure(trained, "held_out"),
            Count(trained, "kept_step"),
            Figure(estimate, "estimate"),
            Figure(estimate, "low"),
            Figure(estimate, "high"),
            Figure(estimate, "retained"),
            Figure(estimate, "retained_low"),
            Figure(estimate, "retained_high"),
            Figure(estimate, "teacher_accuracy"),
            Figure(truth, "top1"),
            Figure(prunedTruth, "top1"),
            Figure(truth?["against"], "top1"),
            Path.Combine(run.Output, "report.html"),
            file,
            run
        );

        static long? Count(JsonNode? node, string key) => node?[key] is JsonValue value && value.TryGetValue(out long count) ? count : null;

        static double? Figure(JsonNode? node, string key) =>
            node?[key] is JsonValue value && value.TryGetValue(out double figure) ? figure : null;
    }
}
