// What the loop minimises: distillation or supervised loss, and how a held-out slice is scored.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>A step's loss.</summary>
/// <param name="Total">Scalar with gradient.</param>
/// <param name="Terms">Weighted terms that it sums, in the order of <see cref="Objective.Terms"/>.</param>
internal readonly record struct StepLoss(torch.Tensor Total, IReadOnlyList<torch.Tensor> Terms);

/// <summary>One training objective.</summary>
internal abstract class Objective
{
    /// <summary>Where the objective books the time of its stages.</summary>
    public StageClock Clock { get; } = new();

    /// <summary>Names of the loss terms.</summary>
    public abstract IReadOnlyList<string> Terms { get; }

    /// <summary>Column of the held-out score.</summary>
    public abstract string HeldOutName { get; }

    /// <summary>The loss of a (possibly mixed) batch.</summary>
    public abstract StepLoss Loss(Batch batch, Mixed mixed, torch.Tensor? kept, StepPosition at);

    /// <summary>The right answers for the held-out slots: labels, or the teacher's decisions.</summary>
    public abstract int[] HeldOutTargets(int[] slots);
}
