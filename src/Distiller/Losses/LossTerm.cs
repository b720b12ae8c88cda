// What a loss of the distillation is to the training loop: which features it wants, what it learns, how it is computed.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>What one step offers to the losses.</summary>
public sealed record LossInputs
{
    /// <summary>The teacher's outputs, without gradient.</summary>
    public required VitOutput Teacher { get; init; }

    /// <summary>The student's outputs.</summary>
    public required VitOutput Student { get; init; }

    /// <summary>Weight of each image <c>[B]</c>, mean 1 over the data set; null where all are 1.</summary>
    public torch.Tensor? Weights { get; init; }

    /// <summary>Patches that the student kept, <c>[B, K]</c> int64; null where it kept all.</summary>
    public torch.Tensor? KeptPatches { get; init; }
}

/// <summary>Both models' shapes, for losses that match layers.</summary>
/// <param name="TeacherShape">The teacher's architecture.</param>
/// <param name="StudentShape">The student's architecture.</param>
public sealed record ModelPair(ModelConfig TeacherShape, ModelConfig StudentShape)
{
    /// <summary>The teacher's architecture, for losses that read tokens.</summary>
    /// <exception cref="RunException">It is no Vision Transformer.</exception>
    public VitConfig Teacher => WithTokens(TeacherShape, "teacher");

    /// <summary>The student's architecture, for losses that read tokens.</summary>
    /// <exception cref="RunException">It is no Vision Transformer.</exception>
    public VitConfig Student => WithTokens(StudentShape, "student");

    private static VitConfig WithTokens(ModelConfig shape, string role) =>
        shape as VitConfig ?? throw new RunException($"the {role} {shape.Name} has no tokens, which a loss chosen here matches; use losses of logits alone (kd), or a Vision Transformer on both sides");
}

/// <summary>A learned tensor that belongs to a loss and is dropped after training.</summary>
/// <param name="Name">Unique within the run, <c>loss.tensor</c>.</param>
/// <param name="Value">The leaf that is optimised.</param>
/// <param name="Decay">Whether weight decay applies.</param>
public sealed record LossParameter(string Name, torch.Tensor Value, bool Decay);

/// <summary>One weighted term of the distillation loss.</summary>
/// <param name="name">Name in metrics.</param>
/// <param name="weight">Its weight in the total.</param>
public abstract class LossTerm(string name, double weight)
{
    /// <summary>Name in metrics.</summary>
    public string Name { get; } = name;

    /// <summary>Weight in the total.</summary>
    public double Weight { get; } = weight;

    /// <summary>Teacher blocks whose outputs it reads.</summary>
    public virtual IReadOnlyList<int> TeacherBlocks => [];

    /// <summary>Student blocks whose outputs it reads.</summary>
    public virtual IReadOnlyList<int> StudentBlocks => [];

    /// <summary>Tensors it learns.</summary>
    public virtual IReadOnlyList<LossParameter> Parameters => [];

    /// <summary>The unweighted loss, a scalar.</summary>
    public abstract torch.Tensor Compute(LossInputs inputs);
}
