// What a loss of the distillation is to the training loop: which features it wants, what it learns, how it is computed.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Where a run stands, for losses that change with it or draw at random.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
public readonly record struct StepPosition(int Step, int Steps)
{
    /// <summary>Place of the first image in the step's batch; above 0 for the later parts of a batch that comes in several
    /// (<see cref="LoopOptions.Accumulate"/>).</summary>
    public int FirstImage { get; init; }
}

/// <summary>What one step offers to the losses.</summary>
public sealed record LossInputs
{
    /// <summary>The teacher's outputs, without gradient; of several, those that the loss listens to.</summary>
    public required ModelOutput Teacher { get; init; }

    /// <summary>The student's outputs.</summary>
    public required ModelOutput Student { get; init; }

    /// <summary>Weight of each image <c>[B]</c>, mean 1 over the data set; null where all are 1.</summary>
    public torch.Tensor? Weights { get; init; }

    /// <summary>Patches that the student kept, <c>[B, K]</c> int64; null where it kept all.</summary>
    public torch.Tensor? KeptPatches { get; init; }

    /// <summary>The step in hand.</summary>
    public StepPosition At { get; init; }
}

/// <summary>A learned tensor that belongs to a loss and is dropped after training.</summary>
/// <param name="Name">Unique within the run, <c>loss.tensor</c>.</param>
/// <param name="Value">The leaf that is optimised.</param>
/// <param name="Decay">Whether weight decay applies.</param>
public sealed record LossParameter(string Name, torch.Tensor Value, bool Decay);

/// <summary>One weighted term of the distillation loss. Batch statistics, where it uses them, are those of the batch in hand: it is never
/// evaluated after training, so it has no state but what it learns.</summary>
/// <param name="term">Its part of the recipe.</param>
public abstract class LossTerm(RecipeTerm term)
{
    /// <summary>Name in metrics.</summary>
    public string Name { get; } = term.Label;

    /// <summary>Weight in the total.</summary>
    public double Weight { get; } = term.Weight;

    /// <summary>Which of several teachers it learns from.</summary>
    internal TeacherChoice Teacher { get; } = new(term);

    /// <summary>What it reads of the teacher besides the logits.</summary>
    public virtual ModelCapture TeacherCapture => ModelCapture.None;

    /// <summary>What it reads of the student besides the logits.</summary>
    public virtual ModelCapture StudentCapture => ModelCapture.None;

    /// <summary>The blocks that it joins, 0-based; empty for outputs alone.</summary>
    internal virtual IReadOnlyList<LayerPair> Layers => [];

    /// <summary>Whether it reads more of the teacher than logits, which only one network in memory can give.</summary>
    public virtual bool ReadsTeacherFeatures =>
        TeacherCapture.HiddenBlocks.Count + TeacherCapture.QkvBlocks.Count + TeacherCapture.ClsRowBlocks.Count > 0
        || TeacherCapture.NormedTokens;

    /// <summary>Tensors it learns.</summary>
    public virtual IReadOnlyList<LossParameter> Parameters => [];

    /// <summary>Whether the student's patches must all be there, so that patch dropout is refused.</summary>
    public virtual bool NeedsEveryPatch => false;

    /// <summary>The unweighted loss, a scalar.</summary>
    public abstract torch.Tensor Compute(LossInputs inputs);
}
