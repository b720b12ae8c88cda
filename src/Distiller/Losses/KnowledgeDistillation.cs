// Output matching: T²·KL(teacher ‖ student) at temperature T (Hinton et al., 2015).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Distillation of softened outputs.</summary>
/// <param name="weight">Weight in the total.</param>
/// <param name="temperature">T, above 0.</param>
/// <param name="clsHeadOnly">Match the CLS head alone, because another loss teaches the distillation head.</param>
public sealed class KnowledgeDistillation(double weight, double temperature, bool clsHeadOnly = false) : LossTerm("kd", weight)
{
    /// <summary>T²·Σ_c p_t(T)·(ln p_t(T) − ln p_s(T)), mean over the batch (PyTorch's <c>batchmean</c>, times T²).</summary>
    /// <param name="student">Student logits <c>[B, C]</c>.</param>
    /// <param name="teacher">Teacher logits <c>[B, C]</c>; no gradient flows to them.</param>
    /// <param name="temperature">T, above 0.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(torch.Tensor student, torch.Tensor teacher, double temperature, torch.Tensor? weights = null)
    {
        torch.Tensor target = (teacher.detach() / temperature).log_softmax(-1);
        torch.Tensor output = (student / temperature).log_softmax(-1);
        torch.Tensor divergence = (target.exp() * (target - output)).sum(-1);
        return Reduction.BatchMean(divergence, weights) * (temperature * temperature);
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs) =>
        Loss((clsHeadOnly ? inputs.Student.LogitsCls : null) ?? inputs.Student.Logits!, inputs.Teacher.Logits!, temperature, inputs.Weights);
}
