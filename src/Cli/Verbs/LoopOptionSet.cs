// The options that distill and train share, and how they become the library's record.

using System.CommandLine;
using DataFreeKD.Distiller;
using DataFreeKD.Models;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Batches, schedule, optimiser and checkpoints on the command line. Defaults are the library's.</summary>
internal sealed class LoopOptionSet
{
    // Only its defaults are read.
    private static readonly TrainOptions Defaults = new()
    {
        Labelled = "",
        Model = "",
        Output = "",
    };

    private readonly BatchOptionSet batch = new("Model directory to write", "DIR");
    private readonly Choice<TensorNaming> naming = new(
        "--naming",
        "Tensor names of the model that is written: timm's, or those of transformers",
        [("timm", TensorNaming.Timm), ("hf", TensorNaming.HuggingFace)]
    );
    private readonly Option<int> accumulate = CommonOptions
        .Count("--accumulate", "Parts that each batch is computed in, for less memory", Defaults.Accumulate)
        .AtLeast(1);
    private readonly Option<int?> microbatches = CommonOptions.OwnCount(
        "--microbatches",
        "Parts of equal size that each batch is the sum of, with the same result on 1, 2, 4 or 8 ranks (--ranks); 8 for instance"
    );
    private readonly Option<bool> checkpointActivations = new("--checkpoint-activations")
    {
        Description = "Compute the blocks of a Vision Transformer again for their gradients, for less memory",
    };
    private readonly Choice<MixedPrecision> amp = new(
        "--amp",
        "What the blocks of a Vision Transformer learn in: bf16, or on a GPU fp16",
        [("off", MixedPrecision.Off), ("bf16", MixedPrecision.BFloat16), ("fp16", MixedPrecision.Float16)]
    );
    private readonly Option<bool> tf32 = new("--tf32") { Description = "Let a GPU round single precision to TF32: faster, less exact" };
    private readonly Option<double?> learningRate = CommonOptions.OwnFigure(
        "--lr",
        "Peak learning rate of AdamW [default: 0.0004 for a pruned, cut or existing student, else 0.001]"
    );
    private readonly Option<double?> minutes = CommonOptions.OwnFigure(
        "--minutes",
        "Training time in minutes, instead of --steps or --epochs"
    );
    private readonly Option<int> patience = CommonOptions.Count(
        "--patience",
        "Stop after this many evaluations in a row without gain (0: never)",
        Defaults.Patience
    );
    private readonly Option<double> minimumGain = CommonOptions.Figure(
        "--min-gain",
        "Gain below which an evaluation counts as without gain",
        Defaults.MinimumGain
    );
    private readonly Option<double> weightDecay = CommonOptions.Figure("--weight-decay", "Decoupled weight decay", Defaults.WeightDecay);
    private readonly Option<int?> warmup = CommonOptions.OwnCount(
        "--warmup",
        "Steps of linear warm-up [default: a tenth of the run, at most 500]"
    );
    private readonly Option<double> clip = CommonOptions.Figure("--clip", "Largest gradient norm, 0 for no clipping", Defaults.Clip);
    private readonly Option<double> ema = CommonOptions.Figure(
        "--ema",
        "Decay of the moving average of the weights, 0 for none",
        Defaults.Ema
    );
    private readonly Option<double> patchDropout = CommonOptions.Figure(
        "--patch-dropout",
        "Share of patches dropped in the first part of the run",
        Defaults.PatchDropout
    );
    private readonly Option<double?> patchDropoutTo = CommonOptions.OwnFigure(
        "--patch-dropout-to",
        "Share dropped at the end of that part, reached in equal steps [default: --patch-dropout]"
    );
    private readonly Option<double> patchDropoutUntil = CommonOptions.Figure(
        "--patch-dropout-until",
        "Share of the run with patch dropout",
        Defaults.PatchDropoutUntil
    );
    private readonly Option<long?> dataSeed = new("--data-seed")
    {
        Description = "Seed of order, augmentation, mixing and held-out slice [default: --seed]",
        HelpName = "N",
    };
    private readonly Option<int?> evaluateEvery = CommonOptions.OwnCount(
        "--evaluate-every",
        "Steps between evaluations on the held-out images [default: a tenth of the run]"
    );
    private readonly Option<int> checkpointEvery = CommonOptions.Count(
        "--checkpoint-every",
        "Steps between checkpoints, 0 for the end only",
        Defaults.CheckpointEvery
    );

    /// <summary>All of them, in the order of the help.</summary>
    public Option[] All =>
        [
            .. batch.Length,
            accumulate,
            microbatches,
            CommonOptions.Ranks.Option,
            checkpointActivations,
            amp.Option,
            tf32,
            minutes,
            patience,
            minimumGain,
            learningRate,
            weightDecay,
            warmup,
            clip,
            ema,
            patchDropout,
            patchDropoutTo,
            patchDropoutUntil,
            .. batch.Images,
            dataSeed,
            evaluateEvery,
            checkpointEvery,
            naming.Option,
            .. BatchOptionSet.Run,
        ];

    /// <summary>The output directory, for the record's required member.</summary>
    public string OutputOf(ParseResult parsed) => batch.OutputOf(parsed);

    /// <summary>Lays the options that were given over <paramref name="defaults"/>.</summary>
    public T Apply<T>(ParseResult parsed, T defaults, string toolVersion)
        where T : LoopOptions =>
        batch.Apply(parsed, defaults, toolVersion) with
        {
            Accumulate = parsed.GetValue(accumulate),
            Microbatches = parsed.GetValue(microbatches),
            CheckpointActivations = parsed.GetValue(checkpointActivations),
            Amp = amp.In(parsed),
            Tf32 = parsed.GetValue(tf32),
            LearningRate = parsed.GetValue(learningRate),
            Minutes = parsed.GetValue(minutes),
            Patience = parsed.GetValue(patience),
            MinimumGain = parsed.GetValue(minimumGain),
            WeightDecay = parsed.GetValue(weightDecay),
            WarmupSteps = parsed.GetValue(warmup),
            Clip = parsed.GetValue(clip),
            Ema = parsed.GetValue(ema),
            PatchDropout = parsed.GetValue(patchDropout),
            PatchDropoutTo = parsed.GetValue(patchDropoutTo),
            PatchDropoutUntil = parsed.GetValue(patchDropoutUntil),
            DataSeed = parsed.GetValue(dataSeed),
            EvaluateEvery = parsed.GetValue(evaluateEvery),
            CheckpointEvery = parsed.GetValue(checkpointEvery),
            Naming = naming.In(parsed),
        };
}
