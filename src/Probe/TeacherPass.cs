// One forward pass of the teacher over a batch, and the figures of each of its images.

using System.Buffers;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Models;
using DataFreeKD.Probe.Corruptions;
using DataFreeKD.Probe.Scores;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>The figures of one image; logit scores are null, and extra ones that need a head NaN, for a teacher without a head.</summary>
internal sealed record ImageScores(
    long? Prediction,
    float[]? Outputs,
    float[] Variances,
    float[] Cosines,
    float[] Extras,
    float[]? Embedding
);

/// <summary>A loaded teacher with the blocks to probe.</summary>
internal sealed partial class TeacherPass : IDisposable
{
    private readonly ITeacherNetwork teacher;
    private readonly IReadOnlyList<ExtraScore> extras;
    private readonly ScoreNeeds needs;
    private readonly bool embeddings;
    private readonly OnnxTeacher? onnx;
    private readonly bool fastDecode;
    private readonly Lock gate = new();
    private long waiting;

    // About so many tokens a pass, and images: larger matrices are no faster on one core, and leave its caches.
    private const int TokensAtOnce = 4352,
        ImagesAtOnce = 64;

    /// <param name="options">What is loaded, and how.</param>
    /// <param name="own">A network that is there already, in place of the file that the options name.</param>
    public TeacherPass(TeacherOptions options, ITeacherNetwork? own = null)
    {
        Device = Devices.Of(options.Device);
        Precision = options.Precision;
        teacher = own ?? ITeacherNetwork.Load(options, Device);
        try
        {
            ReadValues = string.Join("; ", teacher.Facts.Select(fact => $"{fact.Field} {fact.Value}"));
            ReadAs = string.Join(
                "; ",
                teacher.Facts.Select(fact => $"{fact.Field} {fact.Value} ({(fact.By == FactSource.Assumed ? "assumed" : fact.Source)})")
            );
            embeddings = teacher.Width > 0 && options.WantsEmbeddings;
            fastDecode = options.FastDecode;
            Blocks = BlocksOf(options);
            BatchSize = options.BatchSize ?? UsualBatch(teacher, Device);
            Workers = (int)
                Math.Clamp(
                    GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2 / (BatchSize * teacher.ActivationBytes),
                    1,
                    options.DecodeWorkers
                );
            extras = ExtraScore.Named(options.Scores);
            ExtraColumns = [.. extras.SelectMany(score => score.Columns(Blocks))];
            foreach (ExtraScore score in extras.Where(Computable))
                needs |= score.Needs;
            string rollouts = string.Join(
                ", ",
                extras.Where(score => Computable(score) && score.Needs.HasFlag(ScoreNeeds.Rollout)).Select(score => score.Column)
            );
            if (rollouts.Length > 0 && teacher.Transformer!.Config.Pooling is Pooling.Average or Pooling.Map)
                throw new ScoreException(
                    $"{options.Teacher} pools its patches, and {rollouts} follow attention back from a class token; leave them out"
                );
            if (options.TokenMerging > 0)
                RequireMerging(options, rollouts);
            if (options.Runtime != TeacherRuntime.Libtorch && teacher.Transformer is not null)
            {
                if (rollouts.Length > 0)
                    throw new ScoreException(
                        $"Runtime onnx cannot give {rollouts}: they need the attention of all blocks; leave them out, or take Runtime libtorch"
                    )
                    {
                        Options = [nameof(ScoreOptions.Runtime)],
                    };
                onnx = new OnnxTeacher(((LibtorchTeacher)teacher).Loaded, Blocks, options.Runtime == TeacherRuntime.OnnxInt8);
            }
            if (options.Runtime == TeacherRuntime.Libtorch)
                teacher.Transformer?.PackForInference(BatchSize, options.Precision);
            Views = needs.HasFlag(ScoreNeeds.Views) ? options.Views : 0;
            ReactClip = options.ReactClip;
            if (NeedsCorruptionModel && options.CopyModelPath is { } known)
                CorruptionModel = Fitting(CorruptionFile.Load(known), known);
            Transform = teacher.Preprocessing;
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
    public int BatchSize { get; }

    /// <summary>Bytes of files that were read and are not decoded yet, at most; a file beyond that is decoded as it is read.</summary>
    /// <value>Unless given, that of <see cref="InputOptions.MostWaiting"/>.</value>
    public long MostWaiting
    {
        get => field > 0 ? field : InputOptions.MostWaiting(Workers);
        init;
    }

    /// <summary>Batches at the same time.</summary>
    public int Workers { get; }

    public IReadOnlyList<int> Blocks { get; }

    public Preprocessing Transform { get; }

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
    public IReadOnlyList<string> ExtraColumns { get; }

    /// <summary>Whether a score clips features; <see cref="ReactClip"/> is then needed before
    /// <see cref="Score(IReadOnlyList{ScoreInput})"/>.</summary>
    public bool Clips => needs.HasFlag(ScoreNeeds.ReactClip);

    /// <summary>Views of each image that are looked at too.</summary>
    public int Views { get; }

    /// <summary>What features are clipped at.</summary>
    public double? ReactClip { get; set; }

    /// <summary>Whether a score needs <see cref="CorruptionModel"/> before <see cref="Score(IReadOnlyList{ScoreInput})"/>.</summary>
    public bool NeedsCorruptionModel => needs.HasFlag(ScoreNeeds.CorruptionModel);

    /// <summary>The classifier of corrupted copies.</summary>
    public CorruptionModel? CorruptionModel { get; set; }

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
                : Looking(images, pixels =>
                    Cascade is { Drops: true } cascade ? Hopeful(pixels, images.Length, cascade) : Figures(Answer(pixels), images.Length)
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
        float[][] activations = Looking(images, pixels =>
            Rows((onnx?.Answer(pixels, 0) ?? teacher.Answer(pixels, [], rollout: false, views: 0)).Features, images.Length)
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
            Looking(images, pixels =>
                Rows(Probe.Corruptions.CorruptionFeatures.Of(Answer(pixels, rollout: false, views: 0)), images.Length)
            ),
            [.. images.Select(image => image.Input)]
        );
    }

    /// <summary>Lets only so many bytes of files wait for their batch; an image beyond that is decoded as it is read, which takes far
    /// less.</summary>
    public IEnumerable<ScoreInput> Bounded(IEnumerable<ScoreInput> inputs)
    {
        foreach (ScoreInput input in inputs)
        {
            long bytes = input.Image.Bytes?.LongLength ?? 0;
            if (Interlocked.Add(ref waiting, bytes) <= MostWaiting)
            {
                yield return input with
                {
                    Waiting = bytes,
                };
                continue;
            }
            Interlocked.Add(ref waiting, -bytes);
            DecodedInput decoded = DecodedInput.From(input, Transform, fastDecode);
            yield return decoded.Input with
            {
                Early = decoded,
            };
        }
    }

    private DecodedInput[] Decoded(IReadOnlyList<ScoreInput> inputs) => [.. inputs.Select(Decoded)];

    private DecodedInput Decoded(ScoreInput input)
    {
        if (input.Early is { } early)
            return early;
        DecodedInput decoded = DecodedInput.From(input, Transform, fastDecode);
        Interlocked.Add(ref waiting, -input.Waiting);
        return decoded;
    }

    /// <summary>A Vision Transformer, for what only one can do.</summary>
    private VisionTransformer Network =>
        teacher.Transformer
        ?? throw new ScoreException(
            $"{teacher.WeightsPath} is a {teacher.Family}, which has no attention to look at; give a Vision Transformer"
        );

    public void Dispose()
    {
        student?.Dispose();
        onnx?.Dispose();
        teacher.Dispose();
    }

    private CorruptionModel Fitting(CorruptionModel known, string path) =>
        known.Features == CorruptionFeatureNames
            ? known
            : throw new ScoreException(
                $"{path} was learned from {known.Features}, and this teacher gives {CorruptionFeatureNames}; give the same teacher and blocks, or leave it out to learn one"
            );

    private IReadOnlyList<int> BlocksOf(TeacherOptions options)
    {
        if (teacher.Transformer is not { Config: var config })
        {
            if (options.Blocks is { Count: > 0 } asked)
                throw new ScoreException(
                    $"Blocks {string.Join(',', asked)}: {options.Teacher} is a {teacher.Family}, which has no attention to probe; leave Blocks out"
                )
                {
                    Options = [nameof(ScoreOptions.Blocks)],
                };
            return [];
        }
        int depth = config.Depth;
        IReadOnlyList<int> blocks = options.Blocks switch
        {
            // Of pooling by attention the last block's row is the head's own.
            null =>
            [
                .. new[] { depth / 4, 7 * depth / 12, config.Pooling == Pooling.Map ? depth - 1 : Math.Max(0, depth - 2) }
                    .Distinct()
                    .Order(),
            ],
            { Count: 0 } => [.. Enumerable.Range(0, depth)],
            _ => [.. options.Blocks.Distinct().Order()],
        };
        return blocks[^1] < depth
            ? blocks
            : throw new ScoreException($"Blocks {blocks[^1]}: the teacher has blocks 0 to {depth - 1}")
            {
                Options = [nameof(ScoreOptions.Blocks)],
            };
    }

    private void RequireMerging(TeacherOptions options, string rollouts)
    {
        string? why =
            teacher.Transformer is not { Config: var config } ? $"{options.Teacher} is no Vision Transformer"
            : options.Runtime != TeacherRuntime.Libtorch ? "Runtime onnx has no such step"
            : options.Cascades ? "a cascade is learned from what whole passes say"
            : rollouts.Length > 0 ? $"{rollouts} follow the attention of every patch"
            : VisionTransformer.WhyNotMerged(config) is { } reason ? $"{options.Teacher} cannot merge patches: {reason}"
            : null;
        if (why is not null)
            throw new ScoreException($"TokenMerging {options.TokenMerging}: {why}; leave one of them out")
            {
                Options = [nameof(ScoreOptions.TokenMerging), nameof(ScoreOptions.Runtime)],
            };
    }

    private static int UsualBatch(ITeacherNetwork teacher, Device device)
    {
        if (device.type != DeviceType.CPU)
            return ImagesAtOnce;
        int images = 1;
        while (images < ImagesAtOnce && 2L * images * teacher.Tokens <= TokensAtOnce)
            images *= 2;
        return images;
    }

    private bool Computable(ExtraScore score) =>
        (HasHead || !score.Needs.HasFlag(ScoreNeeds.Head))
        && (Width > 0 || !score.Needs.HasFlag(ScoreNeeds.Features))
        && (teacher.HasHeadWeights || !score.Needs.HasFlag(ScoreNeeds.HeadWeights))
        && (teacher.Transformer is not null || !score.Needs.HasFlag(ScoreNeeds.Attention));

    private TeacherAnswer Answer(Tensor pixels) => Completed(Answer(pixels, needs.HasFlag(ScoreNeeds.Rollout), Views));

    private TeacherAnswer Answer(Tensor pixels, bool rollout, int views) =>
        onnx?.Answer(pixels, views) ?? teacher.Answer(pixels, Blocks, rollout, views);

    private TeacherAnswer Completed(TeacherAnswer answer) =>
        answer with
        {
            ReactClip = ReactClip ?? double.NaN,
            CorruptionModel = CorruptionModel,
        };

    // One batch at a time on a device of its own, side by side on the CPU.
    private T Looking<T>(IReadOnlyList<DecodedInput> images, Func<Tensor, T> look)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        Tensor pixels = Batch(images);
        if (Device.type == DeviceType.CPU)
            return look(pixels);
        lock (gate)
            return look(pixels.to(Device));
    }

    private IReadOnlyList<ImageScores> Figures(TeacherAnswer answer, int images)
    {
        float[][] variances = new float[Blocks.Count][],
            cosines = new float[Blocks.Count][];
        for (int i = 0; i < Blocks.Count; i++)
        {
            variances[i] = Floats(AttentionProbe.Variance(answer.Probes[i]));
            cosines[i] = Floats(AttentionProbe.Cosine(answer.Probes[i]));
        }
        float[][]? outputs = answer.Logits is null ? null : [.. OutputScore.All.Select(score => Floats(score.Compute(answer.Logits)))];
        long[]? predictions = answer.Logits?.argmax(-1).cpu().data<long>().ToArray();
        float[] missing = [.. Enumerable.Repeat(float.NaN, images)];
        float[][] more =
        [
            .. extras.SelectMany(score =>
                Computable(score) ? score.Compute(answer).Select(Floats) : score.Columns(Blocks).Select(_ => missing)
            ),
        ];
        float[]? embedding = embeddings ? Floats(answer.Embedding) : null;
        return
        [
            .. Enumerable
                .Range(0, images)
                .Select(row => new ImageScores(
                    predictions?[row],
                    outputs is null ? null : [.. outputs.Select(column => column[row])],
                    [.. variances.Select(column => column[row])],
                    [.. cosines.Select(column => column[row])],
                    [.. more.Select(column => column[row])],
                    embedding?[(row * Width)..((row + 1) * Width)]
                )),
        ];
    }

    private Tensor Batch(IReadOnlyList<DecodedInput> images)
    {
        int side = Transform.ImageSize,
            length = 3 * side * side;
        Tensor batch = empty(images.Count, 3, side, side);
        Span<byte> bytes = batch.bytes;
        for (int i = 0; i < images.Count; i++)
        {
            float[] pixels = images[i].Pixels!;
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(pixels.AsSpan(0, length)).CopyTo(bytes[(i * length * sizeof(float))..]);
            ArrayPool<float>.Shared.Return(pixels);
        }
        return batch;
    }

    private static float[][] Rows(Tensor tensor, int rows)
    {
        float[] all = Floats(tensor);
        int each = all.Length / rows;
        return [.. Enumerable.Range(0, rows).Select(row => all[(row * each)..((row + 1) * each)])];
    }

    private static float[] Floats(Tensor tensor) => tensor.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
}
