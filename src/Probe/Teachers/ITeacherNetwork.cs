// What a teacher has to give, whatever computes it.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Running;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Teachers;

/// <summary>A teacher that is ready: a checkpoint of any family, an ONNX classifier, which gives logits alone, or a network that a
/// program brings.</summary>
internal interface ITeacherNetwork : IDisposable
{
    /// <summary>The family in one word.</summary>
    string Family { get; }

    /// <summary>The network where it is a Vision Transformer, which alone has attention to probe; else null.</summary>
    VisionTransformer? Transformer { get; }

    /// <summary>Whether the weights of its heads are known.</summary>
    bool HasHeadWeights { get; }

    /// <summary>C; 0 without a head.</summary>
    int Classes { get; }

    /// <summary>Numbers of an embedding; 0 of a network that gives logits alone.</summary>
    int Width { get; }

    /// <summary>Tokens of an image; of a network without tokens about as many as make a batch of the same work.</summary>
    int Tokens { get; }

    /// <summary>Bytes that one image takes on its way, at the most, about.</summary>
    long ActivationBytes { get; }

    /// <inheritdoc cref="LoadedModel.Preprocessing"/>
    Preprocessing Preprocessing { get; }

    /// <inheritdoc cref="LoadedModel.ClassNames"/>
    IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc cref="LoadedModel.Facts"/>
    IReadOnlyList<ModelFact> Facts { get; }

    /// <inheritdoc cref="LoadedModel.WeightsPath"/>
    string WeightsPath { get; }

    /// <inheritdoc cref="TeacherAnswer.Of(VisionTransformer, Tensor, IReadOnlyList{int}, bool, int, int)"/>
    TeacherAnswer Answer(Tensor pixels, IReadOnlyList<int> blocks, bool rollout, int views);

    /// <summary>Loads the teacher that the options name.</summary>
    /// <exception cref="ScoreException">An option that this kind of teacher does not have.</exception>
    static ITeacherNetwork Load(TeacherOptions options, Device device) =>
        OnnxClassifier.Recognises(options.Teacher) ? new OnnxClassifierTeacher(options) : new LibtorchTeacher(options, device);

    /// <summary>Every file that the teacher is read from.</summary>
    static IReadOnlyList<string> FilesOf(string teacher) => OnnxClassifier.Recognises(teacher) ? [teacher] : ModelStore.FilesOf(teacher);
}
