// The options that distill and train share, and how they become the library's record.

using System.CommandLine;
using DataFreeKD.Distiller;
using DataFreeKD.Models;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Schedule, optimiser, augmentation and checkpoints on the command line. Defaults are the library's.</summary>
internal sealed class LoopOptionSet
{
    // Only its defaults are read.
    private static readonly TrainOptions Defaults = new() { DataPath = "", Model = "", Output = "" };

    private readonly Option<string> output = CommonOptions.Output("Model directory to write", "DIR");
    private readonly Choice<TensorNaming> naming = new("--naming", "Whose tensor names the model is written with: timm's, or those of transformers", [("timm", TensorNaming.Timm), ("hf", TensorNaming.HuggingFace)]);
    private readonly Option<int> batchSize = CommonOptions.BatchSize(Defaults.BatchSize).AtLeast(2);
    private readonly Option<int?> steps = CommonOptions.OwnCount("--steps", "Optimiser steps (instead of --epochs)");
    private readonly Option<double> epochs = CommonOptions.Figure("--epochs", "Passes over the images", Defaults.Epochs);
    private readonly Option<double> learningRate = CommonOptions.Figure("--lr", "Peak learning rate of AdamW", Defaults.LearningRate);
    private readonly Option<double> weightDecay = CommonOptions.Figure("--weight-decay", "Decoupled weight decay", Defaults.WeightDecay);
    private readonly Option<int?> warmup = CommonOptions.OwnCount("--warmup", "Steps of linear warm-up [default: a tenth of the run, at most 500]");
    private readonly Option<double> clip = CommonOptions.Figure("--clip", "Largest gradient norm, 0 for no clipping", Defaults.Clip);
    private readonly Option<double> ema = CommonOptions.Figure("--ema", "Decay of the moving average of the weights, 0 for none", Defaults.Ema);
    private readonly Option<double> patchDropout = CommonOptions.Figure("--patch-dropout", "Share of patches dropped in the first part of the run", Defaults.PatchDropout);
    private readonly Option<double> patchDropoutUntil = CommonOptions.Figure("--patch-dropout-until", "Share of the run with patch dropout", Defaults.PatchDropoutUntil);
    private readonly Option<double> mixup = CommonOptions.Figure("--mixup", "Beta parameter of mixup, 0 for none", Defaults.Mixup);
    private readonly Option<double> cutMix = CommonOptions.Figure("--cutmix", "Beta parameter of CutMix, 0 for none", Defaults.CutMix);
    private readonly Option<double> flip = CommonOptions.Figure("--flip", "Chance of a horizontal flip", Defaults.Flip);
    private readonly Option<int?> padCrop = CommonOptions.OwnCount("--pad-crop", "Random shift in pixels [default: an eighth of inputs up to 96 pixels]");
    private readonly Option<double?> cropScale = CommonOptions.OwnFigure("--crop-scale", "Smallest area of a random resized crop, 1 for none [default: 0.5 above 96 pixels]");
    private readonly Option<double> colorJitter = CommonOptions.Figure("--color-jitter", "Brightness, contrast and saturation jitter", Defaults.ColorJitter);
    private readonly Option<double> erase = CommonOptions.Figure("--erase", "Chance of erasing a rectangle", Defaults.Erase);
    private readonly Option<double> holdOut = CommonOptions.Figure("--hold-out", "Share of the images never trained on, to score the run by", Defaults.HoldOut);
    private readonly Option<int?> evaluateEvery = CommonOptions.OwnCount("--evaluate-every", "Steps between scorings of the held-out slice [default: a tenth of the run]");
    private readonly Option<int> checkpointEvery = CommonOptions.Count("--checkpoint-every", "Steps between checkpoints, 0 for the end only", Defaults.CheckpointEvery);

    /// <summary>All of them, in the order of the help.</summary>
    public Option[] All =>
    [
        output, steps, epochs, batchSize, learningRate, weightDecay, warmup, clip, ema, patchDropout, patchDropoutUntil, mixup, cutMix, flip, padCrop, cropScale,
        colorJitter, erase, holdOut, evaluateEvery, checkpointEvery, naming.Option, CommonOptions.Seed, CommonOptions.Device, CommonOptions.Threads, CommonOptions.Resume, CommonOptions.Overwrite,
    ];

    /// <summary>The output directory, for the record's required member.</summary>
    public string OutputOf(ParseResult parsed) => Path.GetFullPath(parsed.GetRequiredValue(output));

    /// <summary>Lays the options that were given over <paramref name="defaults"/>.</summary>
    public T Apply<T>(ParseResult parsed, T defaults, string toolVersion)
        where T : LoopOptions
    {
        if (parsed.GetValue(steps) is not null && parsed.GetResult(epochs) is { Implicit: false }) throw new UsageException("--steps and --epochs exclude each other");
        CommonOptions.RefuseResumeWithOverwrite(parsed);
        return defaults with
        {
            Steps = parsed.GetValue(steps),
            Epochs = parsed.GetValue(epochs),
            BatchSize = parsed.GetValue(batchSize),
            LearningRate = parsed.GetValue(learningRate),
            WeightDecay = parsed.GetValue(weightDecay),
            WarmupSteps = parsed.GetValue(warmup),
            Clip = parsed.GetValue(clip),
            Ema = parsed.GetValue(ema),
            PatchDropout = parsed.GetValue(patchDropout),
            PatchDropoutUntil = parsed.GetValue(patchDropoutUntil),
            Mixup = parsed.GetValue(mixup),
            CutMix = parsed.GetValue(cutMix),
            Flip = parsed.GetValue(flip),
            PadCrop = parsed.GetValue(padCrop),
            CropScale = parsed.GetValue(cropScale),
            ColorJitter = parsed.GetValue(colorJitter),
            Erase = parsed.GetValue(erase),
            HoldOut = parsed.GetValue(holdOut),
            EvaluateEvery = parsed.GetValue(evaluateEvery),
            CheckpointEvery = parsed.GetValue(checkpointEvery),
            Naming = naming.In(parsed),
            Seed = parsed.GetValue(CommonOptions.Seed),
            Device = parsed.GetValue(CommonOptions.Device)!,
            Workers = parsed.GetValue(CommonOptions.Threads),
            Resume = parsed.GetValue(CommonOptions.Resume),
            Overwrite = parsed.GetValue(CommonOptions.Overwrite),
            ToolVersion = toolVersion,
        };
    }
}
