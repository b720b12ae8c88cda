// dfkd train: supervised training, for teachers and upper bounds.

using System.CommandLine;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Ranks;

namespace DataFreeKD.Cli.Verbs;

/// <summary>labelled images → model directory.</summary>
internal sealed class TrainVerb : Verb
{
    // Only its defaults are read.
    private static readonly TrainOptions Defaults = new()
    {
        Labelled = "",
        Model = "",
        Output = "",
    };

    private readonly Argument<string> data = new("LABELLED")
    {
        Description = "Folder with one sub-folder a class, archive of such, or table with path and label",
    };
    private readonly Option<string> model = new("--model")
    {
        Description = "Model: name, vit:img=32,patch=4,dim=96,depth=6,heads=3 (or resnet:, rednet:, tinyvit:), or a model to go on from",
        HelpName = "SPEC",
        Required = true,
    };
    private readonly Option<double> smoothing = CommonOptions.Figure(
        "--label-smoothing",
        "Probability spread over the other classes",
        Defaults.LabelSmoothing
    );
    private readonly LoopOptionSet loop = new();

    public TrainVerb()
        : base(
            "train",
            "Train a model on labelled images: a teacher, or the upper bound of a distillation.",
            "dfkd train photos/train --model vit:img=32,patch=4,dim=128,depth=6,heads=4 --epochs 20 -o teacher/"
        )
    {
        Add(data);
        AddOptions([model, .. loop.All, smoothing, .. StorageOptionSet.All]);
    }

    /// <summary>The training that the arguments mean.</summary>
    /// <exception cref="UsageException">Options that exclude each other.</exception>
    public TrainOptions OptionsOf(ParseResult parsed) =>
        loop.Apply(
            parsed,
            new TrainOptions
            {
                Labelled = parsed.GetRequiredValue(data),
                Model = parsed.GetRequiredValue(model),
                Output = loop.OutputOf(parsed),
                LabelSmoothing = parsed.GetValue(smoothing),
            },
            ToolVersion
        );

    public override void Check(ParseResult parsed) => OptionsOf(parsed).Validate();

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel) =>
        CommandRanks.Attend(parsed, ranks => Run(parsed, ranks, terminal, cancel));

    private void Run(ParseResult parsed, RankGroup ranks, Terminal terminal, CancellationToken cancel)
    {
        TrainOptions options = OptionsOf(parsed);
        options.Validate();
        TorchRuntime.Start(parsed.GetValue(CommonOptions.Threads));
        TrainSummary summary = terminal.Track<TrainProgress, TrainSummary>(
            progress => TrainingText.Show(progress, "accuracy"),
            progress =>
                TrainRun.ExecuteOn(
                    ranks,
                    options,
                    FirstReport<TrainProgress>.With(CommandRanks.Describe(ranks, options), terminal.Note, progress),
                    cancel
                )
        );
        terminal.Conclude(summary, () => TrainingText.Describe(summary, "accuracy"));
    }
}
