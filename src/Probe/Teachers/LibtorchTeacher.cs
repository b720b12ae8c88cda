// A teacher out of a checkpoint.

using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Teachers;

/// <summary>A Vision Transformer with its attention, or a ResNet, RedNet or TinyViT by its logits and the embedding that its head
/// reads.</summary>
internal sealed class LibtorchTeacher : ITeacherNetwork
{
    // Of the same work as a token of a small Vision Transformer, about: so many pixels of a convolutional network.
    private const int PixelsOfToken = 256;

    private readonly LinearHead[] heads;
    private readonly int merged;

    /// <exception cref="ScoreException">An option that only a Vision Transformer has.</exception>
    public LibtorchTeacher(TeacherOptions options, Device device)
    {
        Loaded = ModelStore.Load(options.Teacher, options.TeacherHeads);
        if (options.Preprocessing is { } given)
            Loaded = given.Apply(Loaded);
        Transformer = Loaded.Model as VisionTransformer;
        merged = options.TokenMerging;
        if (Transformer is null && Lacking(options) is { } lacking)
        {
            Loaded.Dispose();
            throw new ScoreException(lacking)
            {
                Options = [nameof(ScoreOptions.Cascade), nameof(options.Runtime), nameof(options.TokenMerging), nameof(options.Precision)],
            };
        }
        if (options.Device != "cpu")
            Loaded.Model.MoveTo(device);
        heads = Transformer is null && Loaded.Model.Config.Classes > 0 ? [HeadOf(Loaded.Model)] : [];
    }

    /// <summary>The model with what travels with it.</summary>
    public LoadedModel Loaded { get; }

    public string Family => Loaded.Model.Config.Family;

    public VisionTransformer? Transformer { get; }

    public bool HasHeadWeights => Classes > 0;

    public int Classes => Loaded.Model.Config.Classes;

    public int Width => Transformer?.Config.Width ?? Loaded.Model.Config.Features;

    public int Tokens =>
        Transformer is { Config: var config }
            ? config.Patches + config.PrefixTokens
            : Math.Max(1, Loaded.Model.Config.ImageSize * Loaded.Model.Config.ImageSize / PixelsOfToken);

    public long ActivationBytes =>
        Transformer is { Config: var config }
            ? OfBlock(config)
            // A few maps of the widest stage that keeps half of the sides.
            : sizeof(float) * 128L * Loaded.Model.Config.ImageSize * Loaded.Model.Config.ImageSize;

    public Preprocessing Preprocessing => Loaded.Preprocessing;

    public IReadOnlyList<string> ClassNames => Loaded.ClassNames;

    public IReadOnlyList<ModelFact> Facts => Loaded.Facts;

    public string WeightsPath => Loaded.WeightsPath;

    public TeacherAnswer Answer(Tensor pixels, IReadOnlyList<int> blocks, bool rollout, int views)
    {
        if (Transformer is { } transformer)
            return TeacherAnswer.Of(transformer, pixels, blocks, rollout, views, merged);
        ModelOutput output = Loaded.Model.Run(pixels, ModelCapture.None);
        return new TeacherAnswer
        {
            Logits = output.Logits?.to(ScalarType.Float64),
            Embedding = output.Embedding,
            Features = output.Embedding.unsqueeze(1).to(ScalarType.Float64),
            Heads = heads,
            Views = output.Logits is null ? [] : [.. ImageViews.Of(pixels, views).Select(Logits64)],
        };
    }

    public void Dispose() => Loaded.Dispose();

    private Tensor Logits64(Tensor view)
    {
        using DisposeScope scope = NewDisposeScope();
        return Loaded.Model.Run(view, ModelCapture.None).Logits!.to(ScalarType.Float64).MoveToOuterDisposeScope();
    }

    private string? Lacking(TeacherOptions options)
    {
        string who = $"{options.Teacher} is a {Family}, which has no attention and no blocks of tokens";
        return options.Cascades ? $"Cascade: {who} to stop between; leave it out"
            : options.Runtime != TeacherRuntime.Libtorch
                ? $"Runtime onnx: {who}, and is computed by libtorch here; leave it out, or export it and give the .onnx file"
            : options.TokenMerging > 0 ? $"TokenMerging {options.TokenMerging}: {who} to merge; leave it out"
            : options.Precision != Precision.Float32 ? $"Precision bf16: {who} to compute so; leave it out"
            : null;
    }

    private static LinearHead HeadOf(ImageModel model)
    {
        IReadOnlyDictionary<string, Tensor> state = model.StateDict();
        string name = state.ContainsKey("head.fc.weight") ? "head.fc" : "fc";
        return new LinearHead(state[name + ".weight"], state[name + ".bias"]);
    }

    // The MLP's hidden tokens, queries, keys and values, and a few more of the width: what a block holds at its peak, of one image.
    private static long OfBlock(VitConfig config) =>
        sizeof(float)
        * (
            ((long)(config.Patches + config.PrefixTokens) * (((config.SwiGlu ? 3 : 1) * (long)config.MlpHidden) + (6L * config.Width)))
            + (6L * config.ImageSize * config.ImageSize)
        );
}
