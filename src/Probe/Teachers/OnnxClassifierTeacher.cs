// A teacher that is somebody's ONNX file.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Running;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Teachers;

/// <summary>Gives logits alone: columns of attention, embeddings and features stay empty.</summary>
internal sealed class OnnxClassifierTeacher : ITeacherNetwork
{
    private const int PixelsOfToken = 256;

    private readonly OnnxClassifier classifier;

    /// <exception cref="ScoreException">An option that only a checkpoint has.</exception>
    public OnnxClassifierTeacher(TeacherOptions options)
    {
        string? lacking =
            options.Cascades ? "Cascade stops between blocks"
            : options.TeacherHeads is not null ? "Heads belongs to a checkpoint"
            : options.Runtime == TeacherRuntime.OnnxInt8 ? "int8 quantises a checkpoint"
            : options.Precision != Precision.Float32 ? "Precision bf16 is of libtorch"
            : options.Device != "cpu" ? $"Device {options.Device} is of libtorch"
            : null;
        if (lacking is not null)
            throw new ScoreException($"{lacking}, and {options.Teacher} is an ONNX graph, which runs as it is, on the CPU; leave it out")
            {
                Options = [nameof(ScoreOptions.Cascade), nameof(options.TeacherHeads), nameof(options.Precision), nameof(options.Device)],
            };
        // Batches run side by side, each on a thread of its own.
        classifier = OnnxClassifier.Open(options.Teacher, options.Preprocessing, threads: 1);
    }

    public string Family => "classifier in ONNX";

    public VisionTransformer? Transformer => null;

    public bool HasHeadWeights => false;

    public int Classes => classifier.Classes;

    public int Width => 0;

    public int Tokens => Math.Max(1, Preprocessing.ImageSize * Preprocessing.ImageSize / PixelsOfToken);

    public long ActivationBytes => sizeof(float) * 128L * Preprocessing.ImageSize * Preprocessing.ImageSize;

    public Preprocessing Preprocessing => classifier.Input.Preprocessing;

    public IReadOnlyList<string> ClassNames => classifier.Input.ClassNames;

    public IReadOnlyList<ModelFact> Facts => classifier.Input.Facts;

    public string WeightsPath => classifier.Path;

    public TeacherAnswer Answer(Tensor pixels, IReadOnlyList<int> blocks, bool rollout, int views) =>
        new()
        {
            Logits = Logits(pixels),
            Embedding = zeros([pixels.shape[0], 0]),
            Features = zeros([pixels.shape[0], 1, 0], dtype: ScalarType.Float64),
            Views = [.. ImageViews.Of(pixels, views).Select(Logits)],
        };

    public void Dispose() => classifier.Dispose();

    private Tensor Logits(Tensor pixels)
    {
        int images = (int)pixels.shape[0];
        return tensor(classifier.Logits(pixels.contiguous().data<float>().ToArray(), images), [images, Classes]).to(ScalarType.Float64);
    }
}
