// What distillation and supervised training have in common beside their batches: schedule, optimiser, checkpoints.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller;

/// <summary>Options of one training run. The defaults suit short runs of small students (hundreds to thousands of steps).</summary>
public abstract record LoopOptions : BatchOptions
{
    /// <summary>The model that learns, as the user wrote it.</summary>
    internal abstract string Learner { get; }

    /// <summary>Parts that each batch is computed in, one after the other: so much less memory for activations, for the same
    /// step.</summary>
    /// <value>1 (default): the whole batch at once.</value>
    /// <remarks>Losses and gradients are means over the batch, so nothing but the rounding changes where a loss is a mean over images;
    /// one that looks across the images of a batch, or a network with BatchNorm, sees those of a part.</remarks>
    public int Accumulate { get; init; } = 1;

    /// <summary>Parts of equal size that each batch consists of, one after the other or on several machines, whose gradients are added as a
    /// binary tree adds them: the same bits on 1, 2, 4 or 8 machines, where these divide the number.</summary>
    /// <value>Null (default): the whole batch at once, or <see cref="Accumulate"/>.</value>
    /// <remarks>It belongs to the recipe, as the number of threads then does. As with <see cref="Accumulate"/>, a loss that looks across
    /// the images of a batch sees those of a part; a learner with BatchNorm is refused.</remarks>
    public int? Microbatches { get; init; }

    /// <summary>Images that are computed at once.</summary>
    internal int ImagesAtOnce => BatchSize / (Microbatches ?? Accumulate);

    /// <summary>Whether a Vision Transformer keeps of its blocks only what goes into them, and computes each again when its gradient is
    /// wanted (Chen et al., 2016): a fraction of the memory, for about a third more work.</summary>
    /// <remarks>The gradients are the same, but for rounding where several losses read one block.</remarks>
    public bool CheckpointActivations { get; init; }

    /// <summary>What the blocks of a Vision Transformer learn in; single precision measures the held-out images all the same.</summary>
    public MixedPrecision Amp { get; init; }

    /// <summary>Whether a GPU may round the factors of products in single precision to TF32 (10 bits of mantissa): faster, less exact. It
    /// holds for the whole process.</summary>
    public bool Tf32 { get; init; }

    /// <summary>Peak learning rate of AdamW.</summary>
    /// <value>Null (default): 4e-4 for a student pruned from its teacher, or a model to go on from in a distillation; else 1e-3.</value>
    public double? LearningRate { get; init; }

    internal const double RateFromRandom = 1e-3,
        RateFromTeacher = 4e-4;

    /// <summary>Decoupled weight decay; biases, norms, scales, position embedding and prefix tokens are spared.</summary>
    public double WeightDecay { get; init; } = 0.025;

    /// <summary>Steps of linear warm-up.</summary>
    /// <value>Null (default): a tenth of the steps, at most 500.</value>
    public int? WarmupSteps { get; init; }

    /// <summary>Largest global gradient norm; 0 clips nothing.</summary>
    public double Clip { get; init; } = 1.0;

    /// <summary>Decay of the moving average of the weights, 0–1; 0 keeps none. The decay in force at step t is at most (1 + t)/(10 + t), so
    /// that short runs are not dominated by their start. Where on, the averaged weights are the ones saved.</summary>
    public double Ema { get; init; } = 0.99;

    /// <summary>Share of patch tokens that the student drops in training, 0–1 exclusive. The teacher always sees them all.</summary>
    public double PatchDropout { get; init; }

    /// <summary>Share that is dropped at the end of that part of the run, reached in equal steps from <see cref="PatchDropout"/>, 0–1
    /// exclusive.</summary>
    /// <value>Null (default): <see cref="PatchDropout"/> throughout.</value>
    public double? PatchDropoutTo { get; init; }

    /// <summary>Share of the run, from its start, in which patches are dropped, 0–1.</summary>
    public double PatchDropoutUntil { get; init; } = 0.7;

    /// <summary>Whether any image measures the run.</summary>
    internal virtual bool HoldsOut => HoldOut > 0;

    internal bool DropsPatches => PatchDropout > 0 || PatchDropoutTo > 0;

    /// <summary>Seed of order, augmentation, mixing and held-out slice, so that runs of several seeds can share one cache of the teacher's
    /// outputs.</summary>
    /// <value>Null (default): <see cref="BatchOptions.Seed"/>.</value>
    public long? DataSeed { get; init; }

    internal override long StreamSeed => DataSeed ?? Seed;

    /// <summary>Steps between scorings of the held-out slice.</summary>
    /// <value>Null (default): a tenth of the run. 0 scores at the end only.</value>
    public int? EvaluateEvery { get; init; }

    /// <summary>Scorings of the held-out slice in a row without gain after which training stops; 0 never stops early.</summary>
    public int Patience { get; init; }

    /// <summary>Held-out gain (0–1) below which a scoring counts as without gain.</summary>
    public double MinimumGain { get; init; } = 0.001;

    /// <summary>Whether the weights with the best held-out score are the ones written, the start's among them.</summary>
    /// <value>Null (default): yes for a student that begins as an answer of its own (pruned, cut, or a model to go on from) and where
    /// images are held out; else the last ones.</value>
    public bool? KeepBest { get; init; }

    /// <summary>Wall minutes that the steps are to take, measured on the first of them; instead of <see cref="BatchOptions.Steps"/>. What
    /// was measured is kept, so that a resumed run takes as many steps.</summary>
    /// <value>Null (default) takes steps or epochs.</value>
    public double? Minutes { get; init; }

    /// <summary>Steps between rows of metrics.csv (each the mean since the last).</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary>Steps between checkpoints; 0 writes one at the end only.</summary>
    public int CheckpointEvery { get; init; } = 200;

    /// <summary>Whose tensor names the written model bears.</summary>
    public TensorNaming Naming { get; init; } = TensorNaming.Timm;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check(!string.IsNullOrWhiteSpace(Learner), "the student is empty: give a registry name, vit:... or a model directory");
        Check(
            LearningRate is null || (LearningRate > 0 && double.IsFinite(LearningRate.Value)),
            $"learning rate is {LearningRate}: must be above 0"
        );
        Check(
            Amp != MixedPrecision.Float16 || Device != "cpu",
            "amp is float16, in which a CPU does not train: take bfloat16, or a GPU",
            nameof(Amp),
            nameof(Device)
        );
        Check(!Tf32 || Device != "cpu", "tf32 is for GPUs: leave it out on the CPU", nameof(Tf32), nameof(Device));
        Check(Accumulate >= 1, $"accumulate is {Accumulate}: must be 1 or more");
        Check(
            BatchSize / Accumulate >= 2,
            $"accumulate is {Accumulate}: batches of {BatchSize} have too few images, since a part has 2 or more",
            nameof(Accumulate),
            nameof(BatchSize)
        );
        Check(Microbatches is null or >= 1, $"microbatches is {Microbatches}: must be 1 or more");
        Check(
            Microbatches is not { } parts || (BatchSize % parts == 0 && BatchSize / parts >= 2),
            $"microbatches is {Microbatches}: batches of {BatchSize} do not consist of so many parts of equal size, of 2 images or more",
            nameof(Microbatches),
            nameof(BatchSize)
        );
        Check(
            Microbatches is null || Accumulate == 1,
            "microbatches are computed one after the other already: leave Accumulate out",
            nameof(Accumulate)
        );
        Check(WeightDecay >= 0, $"weight decay is {WeightDecay}: must be 0 or more");
        Check(WarmupSteps is null or >= 0, $"warm-up is {WarmupSteps} steps: must be 0 or more");
        Check(Clip >= 0, $"clip is {Clip}: must be 0 (off) or more");
        Check(Ema is >= 0 and < 1, $"ema is {Ema}: must be in [0, 1)");
        Check(PatchDropout is >= 0 and < 1, $"patch dropout is {PatchDropout}: must be in [0, 1)");
        Check(PatchDropoutTo is null or (>= 0 and < 1), $"patch dropout to is {PatchDropoutTo}: must be in [0, 1)");
        CheckShare(PatchDropoutUntil, "patch dropout until");
        Check(EvaluateEvery is null or >= 0, $"evaluate-every is {EvaluateEvery}: must be 0 or more");
        Check(Patience >= 0, $"patience is {Patience}: must be 0 (off) or more");
        Check(MinimumGain is >= 0 and < 1, $"minimum gain is {MinimumGain}: must be in [0, 1)");
        Check(Minutes is null or > 0, $"minutes is {Minutes}: must be above 0");
        Check(Minutes is null || Steps is null, "steps and minutes exclude each other: leave one out");
        Check(Patience == 0 || HoldsOut, "patience needs held-out images to score: hold some out, or leave it at 0");
        Check(LogEvery > 0, $"log-every is {LogEvery}: must be above 0");
        Check(CheckpointEvery >= 0, $"checkpoint-every is {CheckpointEvery}: must be 0 or more");
    }
}
