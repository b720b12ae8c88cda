// A teacher of your own.

using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>A network that is no file of a known kind: a module of a program, an ensemble, a service. It gives logits, an embedding, or
/// both; attention is probed only in Vision Transformers that are read from a checkpoint. <see cref="Teacher.From"/> takes it.</summary>
public interface ITeacher
{
    /// <summary>C, the classes of its head; 0 without a head.</summary>
    int Classes { get; }

    /// <summary>D, the numbers of an embedding; 0 of a network that gives logits alone.</summary>
    int EmbeddingWidth { get; }

    /// <summary>The linear head that reads the embedding, where there is one: scores that read its weights (<c>weight_cosine</c>,
    /// <c>react_energy</c>) stay empty without it.</summary>
    LinearHead? Head => null;

    /// <summary>Runs the network over a batch. Up to <see cref="TeacherOptions.Workers"/> threads call it at the same time on the
    /// CPU, each in an inference mode and a dispose scope of its own.</summary>
    /// <param name="pixels">Normalised as <see cref="Teacher.Preprocessing"/> says, <c>[B, 3, S, S]</c>, float32, on
    /// <see cref="TeacherOptions.Device"/>.</param>
    /// <returns>B rows, of <see cref="TeacherAnswer.From"/>.</returns>
    TeacherAnswer Answer(Tensor pixels);
}
