// What a pruning does between its images and its student, whether they are files or in memory.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>A teacher and decoded images, ready to search for a shape and to fit it.</summary>
internal sealed class PruneWork : IDisposable
{
    private readonly PruneSettings options;
    private readonly VisionTransformer teacher;
    private readonly SlotPixels pixels;
    private readonly HeldOutJudge? judge;
    private readonly FitSettings settings;
    private readonly torch.Device device;
    private readonly IProgress<TrainProgress>? progress;
    private ClosedFormPruning? pruning;

    /// <summary>Runs the teacher over the held-out images.</summary>
    /// <param name="options">How to prune.</param>
    /// <param name="loaded">The teacher, as <see cref="Teacher"/> has made it ready; stays the caller's.</param>
    /// <param name="images">Those to fit on, then those to measure on; stay the caller's.</param>
    /// <param name="toFit">How many are to fit on.</param>
    /// <param name="source">What the images are called in messages; null for nothing.</param>
    /// <param name="progress">Told of trials and batches.</param>
    /// <param name="cancel">Cancels between batches.</param>
    /// <exception cref="DistillException">Fewer than two images can be fitted on.</exception>
    public PruneWork(
        PruneSettings options,
        LoadedModel loaded,
        LoadedPixels images,
        int toFit,
        string? source,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        (this.options, this.progress, teacher, device) = (options, progress, (VisionTransformer)loaded.Model, Devices.Of(options.Device));
        Train = [.. images.Usable.Where(slot => slot < toFit)];
        HeldOut = [.. images.Usable.Where(slot => slot >= toFit)];
        if (Train.Length < 2)
            throw new DistillException(
                $"{(source is null ? "" : source + ": ")}{Train.Length} of {toFit} images could be used ({string.Join(", ", images.Skipped.Select(pair => $"{pair.Key}: {pair.Value}"))}), and a pruning needs 2 or more"
            );
        int batch = options.BatchSize ?? ClosedFormPruning.BatchFor(teacher.Config);
        pixels = new SlotPixels(
            images.Store,
            teacher.Config.ImageSize,
            new PixelNormaliser(loaded.Preprocessing.Mean, loaded.Preprocessing.Std),
            device
        );
        judge =
            HeldOut.Length > 0 && teacher.Config.Classes > 0
                ? new HeldOutJudge(teacher, pixels, HeldOut, batch, options.TeacherAccuracy, cancel)
                : null;
        settings = new FitSettings
        {
            BatchSize = batch,
            Method = options.Method,
            Penalty = options.Penalty,
            Seed = options.Seed,
            Memory = options.MaxActivationMemory,
        };
    }

    /// <summary>Slots fitted on.</summary>
    public int[] Train { get; }

    /// <summary>Slots measured on.</summary>
    public int[] HeldOut { get; }

    /// <summary>Moves a teacher to its device and looks at the shape asked for.</summary>
    /// <param name="options">How to prune.</param>
    /// <param name="loaded">The teacher.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <returns>The teacher, and the student's shape; null where it is to be searched for.</returns>
    /// <exception cref="DistillException">The teacher or the shape cannot be had in closed form.</exception>
    /// <exception cref="ModelException">The teacher is no Vision Transformer.</exception>
    public static (VisionTransformer Teacher, VitConfig? Shape) Teacher(PruneSettings options, LoadedModel loaded, string name)
    {
        VisionTransformer teacher = loaded.Model.AsVisionTransformer("cannot be pruned in closed form");
        Prunable.Check(teacher.Config);
        teacher.MoveTo(Devices.Of(options.Device));
        teacher.eval();
        VitConfig? shape =
            options.Student is { } spec ? Given(spec, teacher.Config)
            : options.TriesShapes ? null
            : Usual(options, teacher.Config);
        if (shape is null && teacher.Config.Classes == 0)
            throw new DistillException(
                $"{name} has no classification head, so shapes cannot be compared by agreement; give the student's shape"
            );
        return (teacher, shape);
    }

    /// <summary>Searches for a shape within the budget.</summary>
    /// <exception cref="DistillException">Nothing is held out, or no shape is within the budget.</exception>
    public (VitConfig Chosen, IReadOnlyList<FrontierPoint> Frontier) Search(CancellationToken cancel) =>
        ShapeTrials.Search(options, teacher, pixels, Train, judge, settings, device, new PruneCounter(progress, "search").Show, cancel);

    /// <summary>Observes the teacher for a fit of a shape.</summary>
    /// <returns>The teacher's blocks that the student keeps.</returns>
    public int[] Begin(VitConfig shape, CancellationToken cancel)
    {
        PruneCounter counter = new(progress, "prune");
        pruning = new ClosedFormPruning(teacher, pixels, Train, settings, device) { AfterBatch = counter.Add };
        counter.Total = pruning.BatchesToObserve + pruning.BatchesToFit(shape);
        pruning.Observe(cancel);
        return options.Blocks is { } kept ? [.. kept] : BlockChoice.Of(pruning.Influence, shape.Depth);
    }

    /// <summary>Fits the shape that <see cref="Begin"/> was told, and measures the student.</summary>
    /// <inheritdoc cref="ClosedFormPruning.Fit"/>
    public (VisionTransformer Student, Nearness? Nearness) Fit(
        VitConfig shape,
        IReadOnlyList<int> blocks,
        PruningState? start,
        Action<PruningState>? afterBlock,
        CancellationToken cancel
    )
    {
        VisionTransformer student = pruning!.Fit(shape, blocks, start, afterBlock, cancel);
        try
        {
            return (student, judge?.Of(student, cancel));
        }
        catch
        {
            student.Dispose();
            throw;
        }
    }

    public void Dispose() => pruning?.Dispose();

    private static VitConfig Usual(PruneSettings options, VitConfig teacher)
    {
        ShapeBudget budget = options.Size!;
        double cost(VitConfig shape) => ShapeCost.Of(shape, budget.Unit, Devices.Of(options.Device));
        double whole = cost(teacher),
            bound = budget.Bound(whole);
        return StudentShape.For(teacher, bound / whole).WidestEven(teacher, cost, bound)
            ?? throw new DistillException(
                FormattableString.Invariant($"no shape of the teacher {teacher.Name} costs as little as {bound:G4}")
            );
    }

    private static VitConfig Given(string spec, VitConfig teacher)
    {
        ModelConfig resolved = ModelRegistry.Resolve(spec) with { Classes = teacher.Classes };
        VitConfig shape =
            resolved as VitConfig
            ?? throw new DistillException($"the student {spec} is no Vision Transformer, so it cannot be pruned from one; give vit:...");
        Prunable.Check(shape, teacher);
        return shape;
    }
}

/// <summary>Batches, or trials, told as progress.</summary>
internal sealed class PruneCounter(IProgress<TrainProgress>? progress, string phase)
{
    private long done;

    public long Total { get; set; }

    public void Add() => Show(done + 1);

    public void Show(long count) =>
        progress?.Report(
            new TrainProgress
            {
                Phase = phase,
                Done = done = count,
                Total = Math.Max(Total, count),
            }
        );
}
