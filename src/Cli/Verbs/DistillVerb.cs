// dfkd distill: a student learns from the teacher on the selected images.

using System.CommandLine;
using DataFreeKD.Cli.Doctor;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Models;

namespace DataFreeKD.Cli.Verbs;

/// <summary>selected table + teacher → student directory.</summary>
internal sealed class DistillVerb : Verb
{
    private readonly Argument<string> selection = new("SELECTED") { Description = "Selection table, or any table with a path column" };
    private readonly Option<string[]> teacher = new("--teacher")
    {
        Description = "Teacher: model directory or checkpoint; once for each of several, which a recipe's teacher=N names",
        HelpName = "MODEL",
    };
    private readonly Option<string?> cache = new("--cache")
    {
        Description = "Outputs that `dfkd cache` stored; the teacher is then not loaded and need not be named",
        HelpName = "FILE",
    };
    private readonly Option<int?> heads = CommonOptions.TeacherHeads("--heads");
    private readonly Option<string> student = new("--student")
    {
        Description =
            "Student: name, vit:img=32,patch=4,dim=96,depth=6,heads=3 (or resnet:, rednet:, tinyvit:), or an existing model to continue from",
        HelpName = "SPEC",
        Required = true,
    };
    private readonly Option<string[]> via = new("--via")
    {
        Description = "Assistant between teacher and student; once for each of several, in order",
        HelpName = "SPEC",
    };
    private readonly Choice<StudentInit> init = new(
        "--init",
        "Start of the student: teacher (pruned from it in closed form), slice (every k-th block of it, cut by norms), random; auto is teacher where the shapes allow it",
        StudentInit.Auto,
        StudentInit.Teacher,
        StudentInit.Slice,
        StudentInit.Random
    );
    private readonly Option<string?> loss = new("--loss")
    {
        Description =
            "Recipe of losses: name[:key=value,...][*weight] joined by +, or preset:NAME (dfkd losses lists them) [default: kd+minilm between Vision Transformers, else kd]",
        HelpName = "RECIPE",
    };

    private readonly Option<string?> validation = new("--validation")
    {
        Description =
            "Unlabelled images to measure the run on, never trained on, in place of --hold-out: table, folder, archive, or a pruned student for those that its pruning held out",
        HelpName = "IMAGES",
    };
    private readonly Option<bool> explain = new("--explain")
    {
        Description = "Print how the loss recipe applies to these models, and exit",
    };
    private readonly Choice<Precision> precision = CommonOptions.TeacherPrecision("--teacher-precision");
    private readonly Option<double> teacherPatches = CommonOptions.Figure(
        "--teacher-patches",
        "Share of the patches that the teacher gets in a step: those that the student's class token attends to most (MaskedKD); for losses on outputs",
        1
    );
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly LoopOptionSet loop = new();

    public DistillVerb()
        : base(
            "distill",
            "Train a student on the teacher's outputs, on selected images, without labels.",
            "dfkd distill selected.csv --teacher teacher/ --student vit:img=32,patch=4,dim=96,depth=6,heads=3 --steps 2000 -o student/\ndfkd distill selected.csv --teacher teacher/ --student deit_tiny_patch16_224 --loss kd:T=4+probe*0.8 --explain -o student/"
        )
    {
        Add(selection);
        AddOptions([
            teacher,
            cache,
            student,
            via,
            .. loop.All,
            validation,
            loss,
            explain,
            init.Option,
            heads,
            precision.Option,
            teacherPatches,
            .. preprocessing.All,
            .. StorageOptionSet.All,
        ]);
    }

    /// <summary>The distillation that the arguments mean.</summary>
    /// <exception cref="UsageException">Options that exclude or miss each other.</exception>
    public DistillOptions OptionsOf(ParseResult parsed)
    {
        string[] teachers = parsed.GetValue(teacher) ?? [];
        if (teachers.Length == 0 && parsed.GetValue(cache) is null)
            throw new UsageException("--teacher is missing: name a model, or give --cache with its stored outputs");
        DistillOptions options = loop.Apply(
            parsed,
            new DistillOptions
            {
                Selection = Path.GetFullPath(parsed.GetRequiredValue(selection)),
                Teacher = teachers.FirstOrDefault() ?? "",
                FurtherTeachers = [.. teachers.Skip(1)],
                Cache = parsed.GetValue(cache) is { } file ? Path.GetFullPath(file) : null,
                Student = parsed.GetRequiredValue(student),
                Via = parsed.GetValue(via) ?? [],
                Output = loop.OutputOf(parsed),
            },
            ToolVersion
        );
        return options with
        {
            ValidationPath = parsed.GetValue(validation) is { } images ? Path.GetFullPath(images) : null,
            TeacherHeads = parsed.GetValue(heads),
            TeacherPrecision = precision.In(parsed),
            TeacherPatches = parsed.GetValue(teacherPatches),
            Preprocessing = preprocessing.In(parsed),
            Init = init.In(parsed),
            Loss = parsed.GetValue(loss) is { } recipe ? Recipe.Parse(recipe) : null,
        };
    }

    public override void Check(ParseResult parsed) => OptionsOf(parsed).Validate();

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel) =>
        CommandRanks.Attend(parsed, ranks => Run(parsed, ranks, terminal, cancel));

    private void Run(ParseResult parsed, RankGroup ranks, Terminal terminal, CancellationToken cancel)
    {
        DistillOptions options = OptionsOf(parsed);
        options.Validate();
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        if (parsed.GetValue(explain))
        {
            RecipeExplanation explanation = RecipeExplanation.Of(options);
            if (ranks.Writes)
                terminal.Print(explanation, () => RecipeText.Explain(explanation));
            return;
        }
        foreach (string note in DistillRun.NotesOf(options))
            terminal.Note($"note: {note}");
        string? shared = CommandRanks.Describe(ranks, options),
            hint = options.Cache is null ? Processor.Hint(options.TeacherPrecision, options.Device, "--teacher-precision") : null;
        DistillSummary summary = terminal.Track<TrainProgress, DistillSummary>(
            progress => TrainingText.Show(progress, "agreement"),
            progress =>
                DistillRun.ExecuteOn(
                    ranks,
                    options,
                    FirstReport<TrainProgress>.With(shared, terminal.Note, FirstReport<TrainProgress>.With(hint, terminal.Note, progress)),
                    cancel
                )
        );
        terminal.Conclude(summary, () => TrainingText.Describe(summary, "agreement"));
    }
}
