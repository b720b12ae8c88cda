// Where the teachers' answers come from: networks in memory, or a cache of what one said.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>The teacher, or the teachers, as a distillation sees them.</summary>
internal abstract class TeacherSource : IDisposable
{
    /// <summary>File or folder name.</summary>
    public abstract string Name { get; }

    /// <summary>Classes.</summary>
    public abstract int Classes { get; }

    /// <summary>Input side, pixels.</summary>
    public abstract int ImageSize { get; }

    /// <summary>Number of parameters, of several teachers in all.</summary>
    public abstract long Parameters { get; }

    /// <summary>How it wants its images.</summary>
    public abstract Preprocessing Preprocessing { get; }

    /// <summary>Names by class index; empty where it has none.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>The files that identify it, one for each teacher.</summary>
    public abstract IReadOnlyList<string> WeightsPaths { get; }

    /// <summary>The networks in memory, in the order of the teachers' numbers; none of a cache.</summary>
    public abstract IReadOnlyList<ImageModel> Models { get; }

    /// <summary>Lines of the student's card.</summary>
    public virtual IEnumerable<(string Name, string Value)> Facts =>
        [("teacher", FormattableString.Invariant($"{Name} ({Parameters:N0} parameters)"))];

    /// <summary>The teachers that the options name.</summary>
    /// <exception cref="DistillException">They do not fit the options or each other.</exception>
    public static TeacherSource Of(DistillOptions options, CancellationToken cancel) =>
        options.Cache is { } cache ? StoredTeacher.Open(cache, options, cancel)
        : options.FurtherTeachers.Count > 0
            ? new SeveralTeachers(
                [options.Teacher, .. options.FurtherTeachers],
                options.TeacherHeads,
                options.Preprocessing,
                options.TeacherPrecision
            )
        : new LiveTeacher(options.Teacher, options.TeacherHeads, options.Preprocessing, options.TeacherPrecision);

    /// <summary>The losses of the options between it and <paramref name="student"/>.</summary>
    /// <exception cref="DistillException">A loss that these two cannot have.</exception>
    public abstract IReadOnlyList<LossTerm> Losses(DistillOptions options, ModelConfig student, torch.Device device);

    /// <summary>What a student learns by from its outputs, where no recipe is given.</summary>
    public virtual Recipe OutputRecipe => Recipe.Default;

    /// <summary>What it cannot answer as the recipe asks, a line each.</summary>
    public virtual IReadOnlyList<string> Notes(Recipe recipe) => [];

    /// <summary>Checks that it can answer for these images.</summary>
    /// <exception cref="DistillException">A cache of other images.</exception>
    public abstract void Check(TrainingImages images);

    /// <summary>Moves what it computes with.</summary>
    /// <param name="device">Where to.</param>
    /// <param name="batch">Images that a pass will have, about.</param>
    public abstract void MoveTo(torch.Device device, int batch);

    /// <summary>The outputs of each teacher for a batch, without gradient.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="mixed">Their (possibly mixed) pixels.</param>
    /// <param name="captures">What is wanted beside the logits of each teacher.</param>
    public abstract IReadOnlyList<ModelOutput> Outputs(Batch batch, Mixed mixed, IReadOnlyList<ModelCapture> captures);

    /// <summary>Its decisions on the held-out slots; of several teachers, those of their mean.</summary>
    public abstract int[] Decisions(SlotPredictor predictor, int[] slots);

    /// <inheritdoc/>
    public abstract void Dispose();
}
