// What distillation and supervised training have in common: schedule, optimiser, augmentation, checkpoints.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller;

/// <summary>Options of one training run. The defaults suit short runs of small students (hundreds to thousands of steps).</summary>
public abstract record LoopOptions
{
    /// <summary>Model directory to write.</summary>
    public required string Output { get; init; }

    /// <summary>The model that learns, as the user wrote it.</summary>
    internal abstract string Learner { get; }

    /// <summary>Optimiser steps.</summary>
    /// <value>Null (default) takes <see cref="Epochs"/>.</value>
    public int? Steps { get; init; }

    /// <summary>Passes over the images, used where <see cref="Steps"/> is null; above 0.</summary>
    public double Epochs { get; init; } = 30;

    /// <summary>Images a step, 2 or more.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Peak learning rate of AdamW.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decoupled weight decay; biases, norms, scales, position embedding and prefix tokens are spared.</summary>
    public double WeightDecay { get; init; } = 0.025;

    /// <summary>Steps of linear warm-up.</summary>
    /// <value>Null (default): a tenth of the steps, at most 500.</value>
    public int? WarmupSteps { get; init; }

    /// <summary>Largest global gradient norm; 0 clips nothing.</summary>
    public double Clip { get; init; } = 1.0;

    /// <summary>Decay of the moving average of the weights, 0–1; 0 keeps none. The decay in force at step t is at most (1 + t)/(10 + t), so that short runs are not dominated by their start. Where on, the averaged weights are the ones saved.</summary>
    public double Ema { get; init; } = 0.99;

    /// <summary>Share of patch tokens that the student drops in training, 0–1 exclusive. The teacher always sees them all.</summary>
    public double PatchDropout { get; init; }

    /// <summary>Share of the run, from its start, in which patches are dropped, 0–1.</summary>
    public double PatchDropoutUntil { get; init; } = 0.7;

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

    /// <summary>Share of the images held out and never trained on, 0–0.5.</summary>
    public double HoldOut { get; init; } = 0.05;

    /// <summary>Steps between scorings of the held-out slice.</summary>
    /// <value>Null (default): a tenth of the run. 0 scores at the end only.</value>
    public int? EvaluateEvery { get; init; }

    /// <summary>Steps between rows of metrics.csv (each the mean since the last).</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary>Steps between checkpoints; 0 writes one at the end only.</summary>
    public int CheckpointEvery { get; init; } = 200;

    /// <summary>Whose tensor names the written model bears.</summary>
    public TensorNaming Naming { get; init; } = TensorNaming.Timm;

    /// <summary>Go on from the last checkpoint in <see cref="Output"/>; starts afresh where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary>Replace an earlier model in <see cref="Output"/>.</summary>
    public bool Overwrite { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Workers that decode and augment.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Bytes of pixels kept in memory; above it they go to a memory-mapped temporary file.</summary>
    public long MaxPixelMemory { get; init; } = 6L << 30;

    /// <summary>Tool version, for the model card and provenance.</summary>
    public string ToolVersion { get; init; } = typeof(LoopOptions).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>Checks every value.</summary>
    /// <exception cref="RunException">The first value out of range, by name.</exception>
    public virtual void Validate()
    {
        Check(!string.IsNullOrWhiteSpace(Output), "the output directory is empty");
        Check(!string.IsNullOrWhiteSpace(Learner), "the student is empty: give a registry name, vit:... or a model directory");
        Check(Steps is null or > 0, $"steps is {Steps}: must be above 0");
        Check(Epochs > 0, $"epochs is {Epochs}: must be above 0");
        Check(BatchSize >= 2, $"batch size is {BatchSize}: must be 2 or more");
        Check(LearningRate > 0 && double.IsFinite(LearningRate), $"learning rate is {LearningRate}: must be above 0");
        Check(WeightDecay >= 0, $"weight decay is {WeightDecay}: must be 0 or more");
        Check(WarmupSteps is null or >= 0, $"warm-up is {WarmupSteps} steps: must be 0 or more");
        Check(Clip >= 0, $"clip is {Clip}: must be 0 (off) or more");
        Check(Ema is >= 0 and < 1, $"ema is {Ema}: must be in [0, 1)");
        Check(PatchDropout is >= 0 and < 1, $"patch dropout is {PatchDropout}: must be in [0, 1)");
        CheckShare(PatchDropoutUntil, "patch dropout until");
        Check(Mixup >= 0 && CutMix >= 0, "mixup and cutmix must be 0 (off) or more");
        CheckShare(Flip, "flip");
        CheckShare(Erase, "erase");
        Check(PadCrop is null or >= 0, $"pad crop is {PadCrop}: must be 0 or more");
        Check(CropScale is null or (> 0 and <= 1), $"crop scale is {CropScale}: must be in (0, 1]");
        Check(ColorJitter is >= 0 and <= 1, $"colour jitter is {ColorJitter}: must be in [0, 1]");
        Check(HoldOut is >= 0 and <= 0.5, $"hold-out is {HoldOut}: must be in [0, 0.5]");
        Check(EvaluateEvery is null or >= 0, $"evaluate-every is {EvaluateEvery}: must be 0 or more");
        Check(LogEvery > 0, $"log-every is {LogEvery}: must be above 0");
        Check(CheckpointEvery >= 0, $"checkpoint-every is {CheckpointEvery}: must be 0 or more");
        Check(Workers > 0, $"workers is {Workers}: must be above 0");
        Check(!(Resume && Overwrite), "resume and overwrite exclude each other");
    }

    /// <summary>Throws <paramref name="message"/> unless <paramref name="holds"/>.</summary>
    protected static void Check(bool holds, string message)
    {
        if (!holds) throw new RunException(message);
    }

    /// <summary>Throws unless <paramref name="value"/> lies in 0–1.</summary>
    protected static void CheckShare(double value, string name) => Check(value is >= 0 and <= 1, $"{name} is {value}: must be in [0, 1]");
}
