// Which images make up which batch, and what is done to them: all that training and a cache of the teacher's outputs must share.

namespace DataFreeKD.Distiller;

/// <summary>Options of a stream of augmented batches.</summary>
public abstract record BatchOptions
{
    /// <summary>What is written: a model directory, or the file of a cache.</summary>
    public required string Output { get; init; }

    /// <summary>Optimiser steps, of one batch each.</summary>
    /// <value>Null (default) takes <see cref="Epochs"/>.</value>
    public int? Steps { get; init; }

    /// <summary>Passes over the images, used where <see cref="Steps"/> is null; above 0.</summary>
    public double Epochs { get; init; } = 30;

    /// <summary>Images a step, 2 or more.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Share of the images, from the head of the table, that training starts with, (0, 1]; the others come in by and by. 1 takes
    /// all from the start.</summary>
    public double Curriculum { get; init; } = 1;

    /// <summary>Epochs until all images are used, above 0.</summary>
    public double CurriculumEpochs { get; init; } = 3;

    /// <summary>Beta parameter of mixup; 0 for none.</summary>
    public double Mixup { get; init; }

    /// <summary>Beta parameter of CutMix; 0 for none. With both on, each batch takes one of them by a fair coin.</summary>
    public double CutMix { get; init; }

    /// <summary>Chance of a horizontal flip, 0–1.</summary>
    public double Flip { get; init; } = 0.5;

    /// <summary>Reflect-padded random crop by up to this many pixels each way.</summary>
    /// <value>Null (default): an eighth of the side for inputs up to 96 pixels, else 0.</value>
    public int? PadCrop { get; init; }

    /// <summary>Smallest share of the area that RandomResizedCrop takes, (0, 1]; 1 for none.</summary>
    /// <value>Null (default): 0.5 for inputs above 96 pixels, else 1.</value>
    public double? CropScale { get; init; }

    /// <summary>Brightness, contrast and saturation jitter, 0 for none.</summary>
    public double ColorJitter { get; init; }

    /// <summary>Chance of erasing a rectangle, 0–1.</summary>
    public double Erase { get; init; }

    /// <summary>The one seed of everything random: weights, order, augmentation, mixing, dropped patches, held-out slice.</summary>
    public long Seed { get; init; }

    /// <summary>The seed of what happens to the images.</summary>
    internal virtual long StreamSeed => Seed;

    /// <summary>Share of the images held out and never trained on, 0–0.5.</summary>
    public double HoldOut { get; init; } = 0.05;

    /// <summary>Go on from the last checkpoint in <see cref="Output"/>; starts afresh where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary>Replace what an earlier run wrote to <see cref="Output"/>.</summary>
    public bool Overwrite { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Workers that decode and augment.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Bytes of pixels kept in memory; above it they go to a memory-mapped temporary file.</summary>
    public long MaxPixelMemory { get; init; } = 6L << 30;

    /// <summary>Tool version, for the model card and provenance.</summary>
    public string ToolVersion { get; init; } = typeof(BatchOptions).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>Steps that these options mean for so many training images.</summary>
    internal int StepsFor(int images) => Steps ?? Math.Max(1, (int)Math.Ceiling(Epochs * images / BatchSize));

    /// <summary>Checks every value.</summary>
    /// <exception cref="DistillException">The first value out of range, by name.</exception>
    public virtual void Validate()
    {
        Check(!string.IsNullOrWhiteSpace(Output), "the output is empty: name a directory or a file");
        Check(Steps is null or > 0, $"steps is {Steps}: must be above 0");
        Check(Epochs > 0, $"epochs is {Epochs}: must be above 0");
        Check(BatchSize >= 2, $"batch size is {BatchSize}: must be 2 or more");
        Check(Curriculum is > 0 and <= 1, $"curriculum is {Curriculum}: must be in (0, 1]");
        Check(CurriculumEpochs > 0 && double.IsFinite(CurriculumEpochs), $"curriculum epochs is {CurriculumEpochs}: must be above 0");
        Check(Mixup >= 0 && CutMix >= 0, "mixup and cutmix must be 0 (off) or more");
        CheckShare(Flip, "flip");
        CheckShare(Erase, "erase");
        Check(PadCrop is null or >= 0, $"pad crop is {PadCrop}: must be 0 or more");
        Check(CropScale is null or (> 0 and <= 1), $"crop scale is {CropScale}: must be in (0, 1]");
        Check(ColorJitter is >= 0 and <= 1, $"colour jitter is {ColorJitter}: must be in [0, 1]");
        Check(HoldOut is >= 0 and <= 0.5, $"hold-out is {HoldOut}: must be in [0, 0.5]");
        Check(Workers > 0, $"workers is {Workers}: must be above 0");
        Check(!(Resume && Overwrite), "resume and overwrite exclude each other");
    }

    /// <summary>Throws <paramref name="message"/> unless <paramref name="holds"/>.</summary>
    private protected static void Check(bool holds, string message, params string[] options)
    {
        if (!holds)
            throw new DistillException(message) { Options = options };
    }

    /// <summary>Throws unless <paramref name="value"/> lies in 0–1.</summary>
    private protected static void CheckShare(double value, string name) =>
        Check(value is >= 0 and <= 1, $"{name} is {value}: must be in [0, 1]");
}
