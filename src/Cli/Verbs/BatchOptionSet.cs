// The options that decide which images make which batch, and how they become the library's record.

using System.CommandLine;
using DataFreeKD.Distiller;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Length, augmentation and split on the command line, the same for a training and for a cache that it is to use. Defaults are the
/// library's.</summary>
internal sealed class BatchOptionSet(string output, string helpName)
{
    // Only its defaults are read.
    private static readonly TrainOptions Defaults = new()
    {
        Labelled = "",
        Model = "",
        Output = "",
    };

    private readonly Option<string> output = CommonOptions.Output(output, helpName);
    private readonly Option<int?> steps = CommonOptions.OwnCount("--steps", "Optimiser steps (instead of --epochs)");
    private readonly Option<double> epochs = CommonOptions.Figure("--epochs", "Passes over the images", Defaults.Epochs);
    private readonly Option<int> batchSize = CommonOptions.BatchSize(Defaults.BatchSize).AtLeast(2);
    private readonly Option<double> curriculum = CommonOptions.Figure(
        "--curriculum",
        "Share of the images to start with, from the top of the table; 1 for all (see select --order curriculum)",
        Defaults.Curriculum
    );
    private readonly Option<double> curriculumEpochs = CommonOptions.Figure(
        "--curriculum-epochs",
        "Epochs until all images are used (--curriculum)",
        Defaults.CurriculumEpochs
    );
    private readonly Option<double> mixup = CommonOptions.Figure("--mixup", "Beta parameter of mixup, 0 for none", Defaults.Mixup);
    private readonly Option<double> cutMix = CommonOptions.Figure("--cutmix", "Beta parameter of CutMix, 0 for none", Defaults.CutMix);
    private readonly Option<double> flip = CommonOptions.Figure("--flip", "Chance of a horizontal flip", Defaults.Flip);
    private readonly Option<int?> padCrop = CommonOptions.OwnCount(
        "--pad-crop",
        "Random shift in pixels [default: an eighth of inputs up to 96 pixels]"
    );
    private readonly Option<double?> cropScale = CommonOptions.OwnFigure(
        "--crop-scale",
        "Smallest area of a random resized crop, 1 for none [default: 0.5 above 96 pixels]"
    );
    private readonly Option<double> colorJitter = CommonOptions.Figure(
        "--color-jitter",
        "Brightness, contrast and saturation jitter",
        Defaults.ColorJitter
    );
    private readonly Option<double> erase = CommonOptions.Figure("--erase", "Chance of erasing a rectangle", Defaults.Erase);
    private readonly Option<double> holdOut = CommonOptions.Figure(
        "--hold-out",
        "Share of the images that are never trained on, to measure the run on",
        Defaults.HoldOut
    );

    /// <summary>What and how much, in the order of the help.</summary>
    public Option[] Length => [output, steps, epochs, batchSize];

    /// <summary>What is done to images, and which are held out.</summary>
    public Option[] Images => [curriculum, curriculumEpochs, mixup, cutMix, flip, padCrop, cropScale, colorJitter, erase, holdOut];

    /// <summary>Seed, machine and what may be replaced.</summary>
    public static Option[] Run =>
        [CommonOptions.Seed, CommonOptions.Device, CommonOptions.Threads, CommonOptions.Resume, CommonOptions.Overwrite];

    /// <summary>The output, for the record's required member.</summary>
    public string OutputOf(ParseResult parsed) => Path.GetFullPath(parsed.GetRequiredValue(output));

    /// <summary>Lays the options that were given over <paramref name="defaults"/>.</summary>
    public T Apply<T>(ParseResult parsed, T defaults, string toolVersion)
        where T : BatchOptions
    {
        if (parsed.GetValue(steps) is not null && parsed.GetResult(epochs) is { Implicit: false })
            throw new UsageException("--steps and --epochs exclude each other");
        CommonOptions.RefuseResumeWithOverwrite(parsed);
        return defaults with
        {
            Steps = parsed.GetValue(steps),
            Epochs = parsed.GetValue(epochs),
            BatchSize = parsed.GetValue(batchSize),
            Curriculum = parsed.GetValue(curriculum),
            CurriculumEpochs = parsed.GetValue(curriculumEpochs),
            Mixup = parsed.GetValue(mixup),
            CutMix = parsed.GetValue(cutMix),
            Flip = parsed.GetValue(flip),
            PadCrop = parsed.GetValue(padCrop),
            CropScale = parsed.GetValue(cropScale),
            ColorJitter = parsed.GetValue(colorJitter),
            Erase = parsed.GetValue(erase),
            HoldOut = parsed.GetValue(holdOut),
            Seed = parsed.GetValue(CommonOptions.Seed),
            Device = parsed.GetValue(CommonOptions.Device)!,
            Workers = parsed.GetValue(CommonOptions.Threads),
            Resume = parsed.GetValue(CommonOptions.Resume),
            Overwrite = parsed.GetValue(CommonOptions.Overwrite),
            ToolVersion = toolVersion,
        };
    }
}
