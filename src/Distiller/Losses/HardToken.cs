// The distillation token learns the teacher's decision (DeiT, Touvron et al., 2021).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Cross-entropy of the distillation head with argmax of the teacher. Label-free form: the CLS head takes the soft target meanwhile.</summary>
public sealed class HardToken : LossTerm
{
    /// <summary>For a pair of models.</summary>
    /// <param name="weight">Weight in the total.</param>
    /// <param name="pair">Both architectures; the student has a distillation token.</param>
    /// <exception cref="RunException">The student has no distillation token.</exception>
    public HardToken(double weight, ModelPair pair) : base("hard_token", weight)
    {
        if (!pair.Student.Distilled)
            throw new RunException("the hard-token loss needs a student with a distillation token: choose a deit_*_distilled_* name or add distilled=1 to the vit: spec");
    }

    /// <summary>−ln p_dist(argmax z_t), mean over the batch.</summary>
    /// <param name="distLogits">Distillation head's logits <c>[B, C]</c>.</param>
    /// <param name="teacher">Teacher logits <c>[B, C]</c>.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(torch.Tensor distLogits, torch.Tensor teacher, torch.Tensor? weights = null)
    {
        torch.Tensor decision = teacher.detach().argmax(-1, keepdim: true);
        return Reduction.BatchMean(-distLogits.log_softmax(-1).gather(-1, decision).squeeze(-1), weights);
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs) => Loss(inputs.Student.LogitsDist!, inputs.Teacher.Logits!, inputs.Weights);
}
