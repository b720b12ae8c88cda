// A teacher that a program brings.

using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Teachers;

/// <summary>Checks what the network gives, and asks it for views.</summary>
internal sealed class OwnTeacher : ITeacherNetwork
{
    private const int PixelsOfToken = 256;

    private readonly ITeacher network;

    /// <exception cref="ScoreException">An option that only a file of weights has, or class names that are not as many as the
    /// classes.</exception>
    public OwnTeacher(ITeacher network, Preprocessing preprocessing, IReadOnlyList<string> classNames, TeacherOptions options)
    {
        (this.network, Preprocessing, ClassNames) = (network, preprocessing, classNames);
        if (network.Classes < 0 || network.EmbeddingWidth < 0 || network.Classes + network.EmbeddingWidth == 0)
            throw new ScoreException(
                $"{options.Teacher} has {network.Classes} classes and embeddings of {network.EmbeddingWidth}: a teacher gives logits, embeddings or both"
            );
        if (classNames.Count > 0 && classNames.Count != network.Classes)
            throw new ScoreException(
                $"{options.Teacher} has {network.Classes} classes, and {classNames.Count} class names are given; give one a class, or none"
            );
        string? lacking =
            options.TeacherHeads is not null ? nameof(options.TeacherHeads)
            : options.Preprocessing is not null ? nameof(options.Preprocessing)
            : options.Runtime != TeacherRuntime.Libtorch ? nameof(options.Runtime)
            : options.Precision != Precision.Float32 ? nameof(options.Precision)
            : null;
        if (lacking is not null)
            throw new ScoreException(
                $"{lacking} is of teachers that are read from a file, and {options.Teacher} is a network of your own; leave it out"
            )
            {
                Options = [lacking],
            };
    }

    public string Family => "network of your own";

    public VisionTransformer? Transformer => null;

    public bool HasHeadWeights => network.Head is not null;

    public int Classes => network.Classes;

    public int Width => network.EmbeddingWidth;

    public int Tokens => Math.Max(1, Preprocessing.ImageSize * Preprocessing.ImageSize / PixelsOfToken);

    public long ActivationBytes => sizeof(float) * 128L * Preprocessing.ImageSize * Preprocessing.ImageSize;

    public Preprocessing Preprocessing { get; }

    public IReadOnlyList<string> ClassNames { get; }

    public IReadOnlyList<ModelFact> Facts => [];

    public string WeightsPath => network.GetType().Name;

    public TeacherAnswer Answer(Tensor pixels, IReadOnlyList<int> blocks, bool rollout, int views) =>
        Answered(pixels) with
        {
            Heads = network.Head is { } head ? [head] : [],
            Views = Classes == 0 ? [] : [.. ImageViews.Of(pixels, views).Select(view => Answered(view).Logits!)],
        };

    /// <summary>Does nothing: the network is its maker's.</summary>
    public void Dispose() { }

    private TeacherAnswer Answered(Tensor pixels)
    {
        TeacherAnswer answer = network.Answer(pixels);
        long images = pixels.shape[0];
        if (Classes > 0)
            Require("Logits", answer.Logits, images, Classes);
        Require("Embedding", answer.Embedding, images, Width);
        Require("Features", answer.Features, images, 1, Width);
        return answer with
        {
            Logits = Classes > 0 ? answer.Logits!.to(pixels.device).to(ScalarType.Float64) : null,
            Embedding = answer.Embedding.to(pixels.device).to(ScalarType.Float32),
            Features = answer.Features.to(pixels.device).to(ScalarType.Float64),
        };
    }

    private void Require(string what, Tensor? given, params long[] shape)
    {
        if (given is null || !given.shape.SequenceEqual(shape))
            throw new ScoreException(
                $"{WeightsPath} gave {what} of shape [{(given is null ? "nothing" : string.Join(", ", given.shape))}] and says that it gives [{string.Join(", ", shape)}]"
            );
    }
}
