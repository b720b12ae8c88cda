// A head learns the teacher's decision (DeiT, Touvron et al., 2021).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Cross-entropy with argmax of the teacher. DeiT's label-free form: the distillation head takes the hard target while the CLS
/// head takes the soft one.</summary>
internal sealed class HardDecision : LossTerm
{
    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "hard",
            Equation = "−ln p_s(argmax z_t), batch mean",
            Source = "DeiT, Touvron et al., ICML 2021",
            Needs = "head=dist: a student with a distillation token",
            Keys = [StudentHead.Key("dist")],
            ReadsPlainProbabilities = _ => true,
            Build = (term, context) => new HardDecision(term, context),
        };

    private readonly StudentHead head;

    private HardDecision(RecipeTerm term, LossContext context)
        : base(term) => head = new StudentHead(term, context.Pair);

    /// <summary>−ln p_s(argmax z_t), mean over the batch.</summary>
    /// <param name="student">The head's logits <c>[B, C]</c>.</param>
    /// <param name="teacher">Teacher logits <c>[B, C]</c>.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(torch.Tensor student, torch.Tensor teacher, torch.Tensor? weights = null)
    {
        torch.Tensor decision = teacher.detach().argmax(-1, keepdim: true);
        return Reduction.BatchMean(-student.log_softmax(-1).gather(-1, decision).squeeze(-1), weights);
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs) => Loss(head.Of(inputs.Student), inputs.Teacher.Logits!, inputs.Weights);
}
