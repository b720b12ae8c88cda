// Output matching: T²·KL(teacher ‖ student) at temperature T (Hinton et al., 2015).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Distillation of softened outputs.</summary>
internal sealed class KnowledgeDistillation : LossTerm
{
    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "kd",
            Equation = "T²·KL(p_t(T) ‖ p_s(T)), batch mean; over C too with reduction=mean",
            Source = "Hinton et al., 2015; standardise: Sun et al., CVPR 2024",
            Keys =
            [
                LossKey.Number("T", 4, "temperature", open: true),
                StudentHead.Key(),
                LogitStandardisation.Key,
                LossKey.Choice(
                    "reduction",
                    "sum over classes, or their mean, as DeiT's code takes it (C times lighter)",
                    "batchmean",
                    "mean"
                ),
            ],
            ReadsPlainProbabilities = term => term.Number("T") == 1 && !term.On("standardise"),
            Build = (term, context) => new KnowledgeDistillation(term, context),
        };

    private readonly double temperature;
    private readonly bool standardise,
        perClass;
    private readonly StudentHead head;

    private KnowledgeDistillation(RecipeTerm term, LossContext context)
        : base(term) =>
        (temperature, standardise, perClass, head) = (
            term.Number("T"),
            term.On("standardise"),
            term.Word("reduction") == "mean",
            new StudentHead(term, context.Pair)
        );

    /// <summary>T²·Σ_c p_t(T)·(ln p_t(T) − ln p_s(T)), mean over the batch (PyTorch's <c>batchmean</c>, times T²).</summary>
    /// <remarks>DeiT's published code divides by the number of classes too (it means over all B·C entries):
    /// <c>reduction=mean</c>.</remarks>
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
    public override torch.Tensor Compute(LossInputs inputs)
    {
        (torch.Tensor student, torch.Tensor teacher) = (head.Of(inputs.Student), inputs.Teacher.Logits!);
        if (standardise)
            (student, teacher) = (LogitStandardisation.Apply(student), LogitStandardisation.Apply(teacher));
        torch.Tensor loss = Loss(student, teacher, temperature, inputs.Weights);
        return perClass ? loss / teacher.shape[1] : loss;
    }
}
