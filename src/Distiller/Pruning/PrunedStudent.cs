// A student that was pruned in memory.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>A pruned student with what was measured of it. It owns its model.</summary>
public sealed class PrunedStudent : IDisposable
{
    internal PrunedStudent(LoadedModel model) => Model = model;

    /// <summary>The student, in eval mode, with its preprocessing and class names. It has no file, so its path is empty.</summary>
    public LoadedModel Model { get; }

    /// <summary>The teacher's blocks that it keeps, ascending from 0.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>Images that it was fitted on.</summary>
    public required int Images { get; init; }

    /// <summary>Images that it was measured on, and not fitted.</summary>
    public required int HeldOutImages { get; init; }

    /// <summary>Images that could not be used, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Share of the held-out images on which it decides as the teacher, 0 to 1; null where none was held out, or the teacher has
    /// no head.</summary>
    public double? Agreement { get; init; }

    /// <summary>Estimated share of the teacher's accuracy that is kept, 0 to 1; null as for <see cref="Agreement"/>.</summary>
    public double? Retained { get; init; }

    /// <summary>Shapes tried, by parameters, falling; empty where the shape was given.</summary>
    internal IReadOnlyList<FrontierPoint> Frontier { get; init; } = [];

    /// <summary>Writes the student as a model directory that timm loads.</summary>
    /// <param name="directory">Where to; what a model there has is replaced.</param>
    /// <param name="naming">Whose tensor names to write.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string directory, TensorNaming naming = TensorNaming.Timm) =>
        ModelStore.Save(directory, Model.Model, Model.Preprocessing, Model.ClassNames, naming);

    /// <summary>Frees the model.</summary>
    public void Dispose() => Model.Dispose();
}
