// One forward pass of the teacher over a batch, and the figures of each of its images.

using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Models;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Corruptions;
using DataFreeKD.Probe.Scores;
using DataFreeKD.Probe.Teachers;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>A loaded teacher with the blocks to probe.</summary>
internal sealed partial class TeacherPass : IDisposable
{
    private readonly ITeacherNetwork teacher;
    private readonly PassPlan plan;
    private readonly OnnxTeacher? onnx;
    private readonly WaitingImages waiting;
    private readonly Lock gate = new();

    // Images in memory at once, less than a batch after memory has run out.
    private int atOnce = int.MaxValue;

    /// <param name="options">What is loaded, and how.</param>
    /// <param name="own">A network that is there already, in place of the file that the options name.</param>
    public TeacherPass(TeacherOptions options, ITeacherNetwork? own = null)
    {
        // ONNX Runtime has its own way to a device; libtorch, which may have none, then stays on the CPU.
        Device = options.Runtime == TeacherRuntime.Libtorch ? Devices.Of(options.Device) : CPU;
        Precision = options.Precision;
        teacher = own ?? ITeacherNetwork.Load(options, Device);
        try
        {
            ReadValues = string.Join("; ", teacher.Facts.Select(fact => $"{fact.Field} {fact.Value}"));
            ReadAs = string.Join(
                "; ",
                teacher.Facts.Select(fact => $"{fact.Field} {fact.Value} ({(fact.By == FactSource.Assumed ? "assumed" : fact.Source)})")
            );
            plan = PassPlan.Of(options, teacher, Device);
            if (options.Runtime != TeacherRuntime.Libtorch && teacher.Transformer is not null)
                onnx = new OnnxTeacher(
                    ((LibtorchTeacher)teacher).Loaded,
                    Blocks,
                    options.Runtime == TeacherRuntime.OnnxInt8,
                    Devices.CudaIndex(options.Device)
                );
            if (options.Runtime == TeacherRuntime.Libtorch)
                teacher.Transformer?.PackForInference(BatchSize, options.Precision);
            Fit = new PoolFit
            {
                ReactClip = options.ReactClip,
                CorruptionModel =
                    NeedsCorruptionModel && options.CopyModelPath is { } known ? Fitting(CorruptionFile.Load(known), known) : null,
            };
            waiting = new WaitingImages(Transform, options.FastDecode);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where the teacher is.</summary>
    public Device Device { get; }

    /// <summary>What its blocks are computed in.</summary>
    public Precision Precision { get; }

    /// <summary>Images a forward pass.</summary>
    public int BatchSize => plan.BatchSize;

    /// <summary>Bytes of files that were read and are not decoded yet, at most; a file beyond that is decoded as it is read.</summary>
    /// <value>Unless given, that of <see cref="InputOptions.MostWaiting"/>.</value>
    public long MostWaiting
    {
        get => field > 0 ? field : InputOptions.MostWaiting(Workers);
        init;
    }

    /// <summary>Images in memory at once since memory ran out for more; null where it did not.</summary>
    public int? ImagesAtOnce => Volatile.Read(ref atOnce) is var images and < int.MaxValue ? images : null;

    /// <summary>Batches at the same time.</summary>
    public int Workers => plan.Workers;

    public IReadOnlyList<int> Blocks => plan.Blocks;

    public Preprocessing Transform => teacher.Preprocessing;

    public string WeightsPath => teacher.WeightsPath;

    /// <summary>What decides the teacher's figures beside its tensors, each with where it comes from.</summary>
    public string ReadAs { get; }

    /// <summary>The same without sources, whose paths depend on where a run was started.</summary>
    public string ReadValues { get; }

    /// <summary>Numbers of an embedding; 0 of a teacher that gives logits alone.</summary>
    public int Width => teacher.Width;

    /// <summary>What stands in an embedding's place where an image has none: NaN throughout.</summary>
    public float[] NoEmbedding => [.. Enumerable.Repeat(float.NaN, Width)];

    /// <summary>Columns of the scores asked for beyond the usual ones.</summary>
    public IReadOnlyList<string> ExtraColumns => plan.ExtraColumns;

    /// <summary>What is known of the pool: at first what the options gave.</summary>
    public PoolFit Fit { get; private set; } = new();

    /// <summary>Scores with this knowledge of the pool from now on. Not while batches are scored.</summary>
    /// <exception cref="ScoreException">Its cascade is one of first blocks, and the teacher cannot stop behind them.</exception>
    public void Use(PoolFit fit)
    {
        bool drops = fit.Cascade is { Drops: true };
        Fit = fit;
        firstLook = drops && fit.FirstLook is { } by ? new StudentPass(by, this) : null;
        if (drops && firstLook is null)
            RequireFirstBlocks("");
    }

    /// <summary>Whether a score clips features; <see cref="PoolFit.ReactClip"/> is then needed before
    /// <see cref="Score(IReadOnlyList{ScoreInput})"/>.</summary>
    public bool Clips => plan.Needs.HasFlag(ScoreNeeds.ReactClip);

    /// <summary>Views of each image that are looked at too.</summary>
    public int Views => plan.Views;

    /// <summary>Whether a score needs <see cref="PoolFit.CorruptionModel"/>, before any is scored.</summary>
    public bool NeedsCorruptionModel => plan.Needs.HasFlag(ScoreNeeds.CorruptionModel);

    /// <summary>What <see cref="CorruptionFeatures"/> are made from: a classifier fits those it was learned from only.</summary>
    public string CorruptionFeatureNames =>
        $"CLS embedding of {Width}, {string.Join(", ", Probe.Corruptions.CorruptionFeatures.Scores(Blocks, HasHead))}";

    public int Classes => teacher.Classes;

    public bool HasHead => Classes > 0;

    public IReadOnlyList<string> ClassNames => teacher.ClassNames;

    public string ClassName(long prediction) => prediction < teacher.ClassNames.Count ? teacher.ClassNames[(int)prediction] : "";

    /// <summary>Decodes and scores a batch, in order. Thread-safe, as all that takes a batch.</summary>
    public IReadOnlyList<ScoredInput> Score(IReadOnlyList<ScoreInput> inputs)
    {
        DecodedInput[] batch = Decoded(inputs);
        DecodedInput[] images = [.. batch.Where(image => image.Reason is null && !image.Input.Copy)];
        Queue<ImageScores?> scores = new(
            images.Length == 0
                ? []
                : Looking(images, (pixels, count) =>
                    Fit.Cascade is { Drops: true } cascade ? Hopeful(pixels, count, cascade) : Figures(Answer(pixels), count)
                )
        );
        return [.. batch.Select(image => Finite(image, image.Reason is null && !image.Input.Copy ? scores.Dequeue() : null))];
    }

    // Figures that are no numbers are no figures: the row says so.
    private static ScoredInput Finite(DecodedInput image, ImageScores? scores) =>
        scores is null || scores.Variances.All(row => float.IsFinite(row)) && (scores.Outputs?.All(float.IsFinite) ?? true)
            ? new ScoredInput(image, scores)
            : new ScoredInput(image with { Reason = Reason.NotFinite }, null);

    /// <summary>The numbers that the heads read, of each image that can be decoded, with its place among the inputs.</summary>
    public IReadOnlyList<(long Place, float[] Activations)> Activations(IReadOnlyList<ScoreInput> inputs)
    {
        DecodedInput[] images = [.. Decoded(inputs).Where(image => image.Reason is null)];
        if (images.Length == 0)
            return [];
        IReadOnlyList<float[]> activations = Looking(images, (pixels, count) =>
            TensorRows.Of((onnx?.Answer(pixels, 0) ?? teacher.Answer(pixels, [], rollout: false, views: 0)).Features, count)
        );
        return [.. images.Select((image, row) => (image.Input.Place, activations[row]))];
    }

    /// <summary>What the classifier of corrupted copies looks at, of each image that can be decoded.</summary>
    public (float[][] Features, ScoreInput[] Images) CorruptionFeatures(IReadOnlyList<ScoreInput> inputs)
    {
        DecodedInput[] images = [.. Decoded(inputs).Where(image => image.Reason is null)];
        if (images.Length == 0)
            return ([], []);
        return (
            [
                .. Looking(images, (pixels, count) =>
                    TensorRows.Of(Probe.Corruptions.CorruptionFeatures.Of(Answer(pixels, rollout: false, views: 0)), count)
                ),
            ],
            [.. images.Select(image => image.Input)]
        );
    }

    /// <summary>Lets only so many bytes of files wait for their batch; an image beyond that is decoded as it is read, which takes far
    /// less.</summary>
    public IEnumerable<ScoreInput> Bounded(IEnumerable<ScoreInput> inputs) => waiting.Bounded(inputs, MostWaiting);

    private DecodedInput[] Decoded(IReadOnlyList<ScoreInput> inputs) => waiting.Decoded(inputs);

    /// <summary>A Vision Transformer, for what only one can do.</summary>
    private VisionTransformer Network =>
        teacher.Transformer
        ?? throw new ScoreException(
            $"{teacher.WeightsPath} is a {teacher.Family}, which has no attention to look at; give a Vision Transformer"
        );

    public void Dispose()
    {
        Fit.FirstLook?.Dispose();
        onnx?.Dispose();
        teacher.Dispose();
    }

    private CorruptionModel Fitting(CorruptionModel known, string path) =>
        known.Features == CorruptionFeatureNames
            ? known
            : throw new ScoreException(
                $"{path} was learned from {known.Features}, and this teacher gives {CorruptionFeatureNames}; give the same teacher and blocks, or leave it out to learn one"
            );

    private TeacherAnswer Answer(Tensor pixels) => Completed(Answer(pixels, plan.Needs.HasFlag(ScoreNeeds.Rollout), Views));

    private TeacherAnswer Answer(Tensor pixels, bool rollout, int views) =>
        onnx?.Answer(pixels, views) ?? teacher.Answer(pixels, Blocks, rollout, views);

    private TeacherAnswer Completed(TeacherAnswer answer) =>
        answer with
        {
            ReactClip = Fit.ReactClip ?? double.NaN,
            Intact = NeedsCorruptionModel ? Fit.CorruptionModel?.LogOdds(Probe.Corruptions.CorruptionFeatures.Of(answer)) : null,
        };

    private IReadOnlyList<ImageScores> Figures(TeacherAnswer answer, int images) => ImageScores.Of(answer, plan, images);

    // Where memory runs out, half of the images at once from then on; figures of smaller batches can differ in their last digits.
    private IReadOnlyList<T> Looking<T>(IReadOnlyList<DecodedInput> images, Func<Tensor, int, IReadOnlyList<T>> look)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        Tensor pixels = DecodedInput.Batch(images, Transform.ImageSize);
        List<T> found = new(images.Count);
        while (found.Count < images.Count)
        {
            int count = Math.Min(Volatile.Read(ref atOnce), images.Count - found.Count);
            try
            {
                found.AddRange(LookingAt(count == images.Count ? pixels : pixels.narrow(0, found.Count, count), count, look));
            }
            catch (Exception shortage) when (count > 1 && MemoryShortage.Is(shortage))
            {
                Volatile.Write(ref atOnce, Math.Min(Volatile.Read(ref atOnce), count / 2));
            }
        }
        return found;
    }

    // One batch at a time on a device of its own, side by side on the CPU.
    private IReadOnlyList<T> LookingAt<T>(Tensor pixels, int images, Func<Tensor, int, IReadOnlyList<T>> look)
    {
        using DisposeScope scope = NewDisposeScope();
        if (Device.type == DeviceType.CPU)
            return look(pixels, images);
        // The copy goes while another batch is computed.
        pixels = Upload.To(pixels, Device);
        lock (gate)
            return look(pixels, images);
    }
}
