// Where the teacher's answers come from: a network in memory, or a cache of what one said.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>A teacher as a distillation sees it.</summary>
internal abstract class TeacherSource : IDisposable
{
    /// <summary>File or folder name.</summary>
    public abstract string Name { get; }

    /// <summary>Classes.</summary>
    public abstract int Classes { get; }

    /// <summary>Input side, pixels.</summary>
    public abstract int ImageSize { get; }

    /// <summary>Number of parameters.</summary>
    public abstract long Parameters { get; }

    /// <summary>How it wants its images.</summary>
    public abstract PreprocessingConfig Preprocessing { get; }

    /// <summary>Names by class index; empty where it has none.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>The file that identifies it.</summary>
    public abstract string WeightsPath { get; }

    /// <summary>The teacher that the options name.</summary>
    /// <exception cref="RunException">It does not fit the options.</exception>
    public static TeacherSource Of(DistillOptions options, CancellationToken cancel) => options.Cache is { } cache
        ? StoredTeacher.Open(cache, options, cancel)
        : new LiveTeacher(options.Teacher, options.TeacherHeads, options.Preprocessing);

    /// <summary>The losses of the options between it and <paramref name="student"/>.</summary>
    /// <exception cref="RunException">A loss that these two cannot have.</exception>
    public abstract IReadOnlyList<LossTerm> Losses(DistillOptions options, ModelConfig student, torch.Device device);

    /// <summary>Checks that it can answer for these images.</summary>
    /// <exception cref="RunException">A cache of other images.</exception>
    public abstract void Check(TrainingImages images);

    /// <summary>Moves what it computes with.</summary>
    public abstract void MoveTo(torch.Device device);

    /// <summary>Its outputs for a batch, without gradient.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="mixed">Their (possibly mixed) pixels.</param>
    /// <param name="capture">What is wanted beside the logits.</param>
    public abstract VitOutput Outputs(Batch batch, Mixed mixed, VitCapture capture);

    /// <summary>Its decisions on the held-out slots.</summary>
    public abstract int[] Decisions(SlotPredictor predictor, int[] slots);

    /// <inheritdoc/>
    public abstract void Dispose();
}
