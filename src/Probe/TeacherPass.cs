// One forward pass of the teacher over a batch, and the figures of each of its images.

using System.Buffers;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Probe.Copies;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>The figures of one image; logit scores are null, and extra ones that need a head NaN, for a teacher without a head.</summary>
internal sealed record ImageScores(long? Prediction, float[]? Outputs, float[] Variances, float[] Cosines, float[] Extras, float[]? Embedding);

/// <summary>A loaded teacher with the blocks to probe.</summary>
internal sealed partial class TeacherPass : IDisposable
{
    private readonly LoadedModel teacher;
    private readonly VisionTransformer network;
    private readonly Device device;
    private readonly IReadOnlyList<ExtraScore> extras;
    private readonly ScoreNeeds needs;
    private readonly bool embeddings;
    private readonly OnnxTeacher? onnx;

    public TeacherPass(ScoreOptions options)
    {
        teacher = ModelStore.Load(options.Teacher, options.Heads);
        if (options.Preprocessing is { } given) teacher = given.Apply(teacher);
        device = new Device(options.Device);
        if (options.Device != "cpu") teacher.Model.MoveTo(device);
        network = teacher.Model.AsVisionTransformer("has no attention to probe");
        embeddings = options.EmbeddingsPath is not null;
        int depth = network.Config.Depth;
        Blocks = options.Blocks switch
        {
            null => [.. new[] { depth / 4, 7 * depth / 12, Math.Max(0, depth - 2) }.Distinct().Order()],
            { Count: 0 } => [.. Enumerable.Range(0, depth)],
            _ => [.. options.Blocks.Distinct().Order()],
        };
        if (Blocks[^1] >= depth) throw new ScoreException($"--blocks {Blocks[^1]}: the teacher has blocks 0 to {depth - 1}");
        extras = ExtraScore.Named(options.Scores);
        ExtraColumns = [.. extras.SelectMany(score => score.Columns(Blocks))];
        foreach (ExtraScore score in extras.Where(Computable)) needs |= score.Needs;
        if (options.Runtime != TeacherRuntime.Libtorch)
        {
            if (needs.HasFlag(ScoreNeeds.Rollout)) throw new ScoreException($"--runtime onnx cannot give {string.Join(", ", extras.Where(score => score.Needs.HasFlag(ScoreNeeds.Rollout)).Select(score => score.Column))}: they need the attention of all blocks; leave them out, or take --runtime libtorch");
            onnx = new OnnxTeacher(teacher, Blocks, options.Runtime == TeacherRuntime.OnnxInt8);
        }
        Views = needs.HasFlag(ScoreNeeds.Views) ? options.Views : 0;
        ReactClip = options.ReactClip;
        if (JudgesCopies && options.CopyModelPath is { } known) Copies = Fitting(CopyFile.Load(known), known);
        PreprocessingConfig preprocessing = teacher.Preprocessing;
        Transform = new EvalTransform
        {
            ImageSize = preprocessing.ImageSize,
            CropPct = preprocessing.CropPct,
            Squash = preprocessing.Squash,
            Interpolation = preprocessing.Interpolation == "bilinear" ? Interpolation.Bilinear : Interpolation.Bicubic,
            Mean = preprocessing.Mean,
            Std = preprocessing.Std,
        };
    }

    public IReadOnlyList<int> Blocks { get; }

    public EvalTransform Transform { get; }

    public string WeightsPath => teacher.WeightsPath;

    public int Width => network.Config.Width;

    /// <summary>Columns of the scores asked for beyond the usual ones.</summary>
    public IReadOnlyList<string> ExtraColumns { get; }

    /// <summary>Whether a score clips features; <see cref="ReactClip"/> is then needed before <see cref="Run"/>.</summary>
    public bool Clips => needs.HasFlag(ScoreNeeds.ReactClip);

    /// <summary>Views of each image that are looked at too.</summary>
    public int Views { get; }

    /// <summary>What features are clipped at.</summary>
    public double? ReactClip { get; set; }

    /// <summary>Whether a score needs <see cref="Copies"/> before <see cref="Run"/>.</summary>
    public bool JudgesCopies => needs.HasFlag(ScoreNeeds.Copies);

    /// <summary>The classifier of corrupted copies.</summary>
    public CopyModel? Copies { get; set; }

    /// <summary>What <see cref="CopyFeatures"/> are made from: a classifier fits those it was learned from only.</summary>
    public string CopyDescription => $"CLS embedding of {Width}, {string.Join(", ", Probe.Copies.CopyFeatures.Scores(Blocks, HasHead))}";

    public int Classes => network.Config.Classes;

    public bool HasHead => Classes > 0;

    public IReadOnlyList<string> ClassNames => teacher.ClassNames;

    public string ClassName(long prediction) => prediction < teacher.ClassNames.Count ? teacher.ClassNames[(int)prediction] : "";

    /// <summary>Scores a batch, in order; null where there is no image. The pixel buffers go back to the pool.</summary>
    public IReadOnlyList<ImageScores?> Run(IReadOnlyList<DecodedInput> batch)
    {
        var scores = new Queue<ImageScores>(Score([.. batch.Where(image => image.Reason is null)]));
        return [.. batch.Select(image => image.Reason is null ? scores.Dequeue() : null)];
    }

    /// <summary>The numbers that the heads read, of each image that could be decoded, with its place among the inputs. The pixel buffers go back to the pool.</summary>
    public IReadOnlyList<(long Place, float[] Activations)> Activations(IReadOnlyList<DecodedInput> batch)
    {
        DecodedInput[] images = [.. batch.Where(image => image.Reason is null)];
        if (images.Length == 0) return [];
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        float[][] activations = Rows(onnx?.Answer(Batch(images), 0).Features ?? network.Run(Batch(images).to(device), VitCapture.None).HeadEmbeddings!, images.Length);
        return [.. images.Select((image, row) => (image.Input.Place, activations[row]))];
    }

    /// <summary>What the classifier of corrupted copies looks at, of each image that could be decoded. The pixel buffers go back to the pool.</summary>
    public float[][] CopyFeatures(IReadOnlyList<DecodedInput> batch, out ScoreInput[] inputs)
    {
        DecodedInput[] images = [.. batch.Where(image => image.Reason is null)];
        inputs = [.. images.Select(image => image.Input)];
        if (images.Length == 0) return [];
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        return Rows(Probe.Copies.CopyFeatures.Of(Answer(Batch(images))), images.Length);
    }

    public void Dispose()
    {
        onnx?.Dispose();
        teacher.Dispose();
    }

    private TeacherAnswer Answer(Tensor pixels, bool rollout = false, int views = 0) => onnx?.Answer(pixels, views) ?? TeacherAnswer.Of(network, pixels.to(device), Blocks, rollout, views);

    private CopyModel Fitting(CopyModel known, string path) => known.Features == CopyDescription ? known
        : throw new ScoreException($"{path} was learned from {known.Features}, and this teacher gives {CopyDescription}; give the same teacher and blocks, or leave it out to learn one");

    private bool Computable(ExtraScore score) => HasHead || !score.Needs.HasFlag(ScoreNeeds.Head);

    private IReadOnlyList<ImageScores> Score(IReadOnlyList<DecodedInput> images)
    {
        if (images.Count == 0) return [];
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        TeacherAnswer answer = Answer(Batch(images), needs.HasFlag(ScoreNeeds.Rollout), Views) with { ReactClip = ReactClip ?? double.NaN, Copies = Copies };

        float[][] variances = new float[Blocks.Count][], cosines = new float[Blocks.Count][];
        for (int i = 0; i < Blocks.Count; i++)
        {
            variances[i] = Floats(AttentionProbe.Variance(answer.Probes[i]));
            cosines[i] = Floats(AttentionProbe.Cosine(answer.Probes[i]));
        }
        float[][]? outputs = answer.Logits is null ? null : [.. OutputScore.All.Select(score => Floats(score.Compute(answer.Logits)))];
        long[]? predictions = answer.Logits?.argmax(-1).cpu().data<long>().ToArray();
        float[] missing = [.. images.Select(_ => float.NaN)];
        float[][] more = [.. extras.SelectMany(score => Computable(score) ? score.Compute(answer).Select(Floats) : score.Columns(Blocks).Select(_ => missing))];
        float[]? embedding = embeddings ? Floats(answer.Embedding) : null;
        return [.. images.Select((_, row) => new ImageScores(
            predictions?[row],
            outputs is null ? null : [.. outputs.Select(column => column[row])],
            [.. variances.Select(column => column[row])],
            [.. cosines.Select(column => column[row])],
            [.. more.Select(column => column[row])],
            embedding?[(row * Width)..((row + 1) * Width)]))];
    }

    private Tensor Batch(IReadOnlyList<DecodedInput> images)
    {
        int side = Transform.ImageSize, length = 3 * side * side;
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
