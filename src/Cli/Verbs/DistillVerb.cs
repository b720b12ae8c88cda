// dfkd distill: a student learns from the teacher on the selected images.

using System.CommandLine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;

namespace DataFreeKD.Cli.Verbs;

/// <summary>selected table + teacher → student directory.</summary>
internal sealed class DistillVerb : Verb
{
    // Only its defaults are read.
    private static readonly DistillOptions Defaults = new() { SelectionPath = "", Teacher = "", Student = "", Output = "" };

    private readonly Argument<string> selection = new("SELECTED") { Description = "Selection table, or any table with a path column" };
    private readonly Option<string> teacher = new("--teacher") { Description = "Teacher: model directory or checkpoint", HelpName = "MODEL", Required = true };
    private readonly Option<int?> heads = new("--heads") { Description = "Attention heads of a teacher whose checkpoint does not tell", HelpName = "N" };
    private readonly Option<string> student = new("--student") { Description = "Student: name, vit:img=32,patch=4,dim=96,depth=6,heads=3 (or resnet:, rednet:, tinyvit:), or a model to go on from", HelpName = "SPEC", Required = true };
    private readonly Choice<StudentInit> init = new("--init", "Start of the student: random, or teacher (every k-th block of it)", Defaults.Init, StudentInit.Teacher);
    private readonly Option<double> kd = CommonOptions.Figure("--kd", "Weight of T²·KL(teacher ‖ student)", Defaults.Kd);
    private readonly Option<double> temperature = CommonOptions.Figure("--temperature", "Temperature T of the soft targets", Defaults.Temperature);
    private readonly Option<double> probe = CommonOptions.Figure("--probe", "Weight of probe distillation (0.8 as published)", Defaults.Probe);
    private readonly Choice<ProbeVariant> probeVariant = new("--probe-variant", "Probe distillation as the text means, or as the published code does", Defaults.ProbeVariant, ProbeVariant.Official);
    private readonly Option<double> hidden = CommonOptions.Figure("--hidden", "Weight of hidden-state matching through a learned projection", Defaults.Hidden);
    private readonly Option<double> hardToken = CommonOptions.Figure("--hard-token", "Weight of DeiT's hard loss on the distillation token", Defaults.HardToken);
    private readonly Option<double> noise = CommonOptions.Figure("--noise-adaptation", "Weight of the noise-adapted NLL (DFND)", Defaults.NoiseAdaptation);
    private readonly Option<double> accuracy = CommonOptions.Figure("--teacher-accuracy", "Accuracy that noise adaptation assumes of the teacher", Defaults.TeacherAccuracy);
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly LoopOptionSet loop = new();

    public DistillVerb() : base(
        "distill",
        "Train a student to answer as the teacher does, on selected images, without labels.",
        "dfkd distill selected.csv --teacher teacher/ --student vit:img=32,patch=4,dim=96,depth=6,heads=3 --steps 2000 -o student/")
    {
        Add(selection);
        AddOptions([teacher, student, .. loop.All, init.Option, kd, temperature, probe, probeVariant.Option, hidden, hardToken, noise, accuracy, heads, .. preprocessing.All]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        DistillOptions options = loop.Apply(parsed, new DistillOptions
        {
            SelectionPath = Path.GetFullPath(parsed.GetRequiredValue(selection)),
            Teacher = parsed.GetRequiredValue(teacher),
            Student = parsed.GetRequiredValue(student),
            Output = loop.OutputOf(parsed),
        }, ToolVersion);
        options = options with
        {
            TeacherHeads = parsed.GetValue(heads),
            Preprocessing = preprocessing.In(parsed),
            Init = init.In(parsed),
            Temperature = parsed.GetValue(temperature),
            Kd = parsed.GetValue(kd),
            Probe = parsed.GetValue(probe),
            ProbeVariant = probeVariant.In(parsed),
            Hidden = parsed.GetValue(hidden),
            HardToken = parsed.GetValue(hardToken),
            NoiseAdaptation = parsed.GetValue(noise),
            TeacherAccuracy = parsed.GetValue(accuracy),
        };
        options.Validate();
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        DistillSummary summary = terminal.Track<TrainProgress, DistillSummary>(
            progress => TrainingText.Show(progress, "agreement"),
            progress => DistillRun.Execute(options, progress, cancel));
        terminal.Conclude(summary, () => TrainingText.Describe(summary, "agreement"));
    }
}
