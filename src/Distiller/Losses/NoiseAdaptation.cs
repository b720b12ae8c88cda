// The teacher's decisions on wild images are noisy labels: a learned matrix models the noise (DFND, Chen et al., CVPR 2021).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>NLL of p_s·A on argmax of the teacher. A is row-stochastic, its diagonal held at the teacher's accuracy, its off-diagonals
/// learned.</summary>
internal sealed class NoiseAdaptation : LossTerm
{
    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "noise",
            Equation = "−ln (p_s·A)[argmax z_t], A [C, C] row-stochastic, learned off its diagonal; batch mean",
            Source = "DFND, Chen et al., CVPR 2021",
            Keys =
            [
                LossKey.Number("accuracy", 0.9, "diagonal of A: the teacher's accuracy", 1e-6, 1 - 1e-6),
                LossKey.Switch("balance", "weigh each image by the inverse share of its decision in the batch"),
                StudentHead.Key(),
            ],
            ReadsPlainProbabilities = _ => true,
            ComparesImages = term => term.On("balance"),
            Build = (term, context) => new NoiseAdaptation(term, context),
        };

    private readonly double accuracy;
    private readonly bool balance;
    private readonly StudentHead head;
    private readonly LossParameter logits;

    private NoiseAdaptation(RecipeTerm term, LossContext context)
        : base(term)
    {
        int classes = context.Pair.StudentShape.Classes;
        if (classes < 2)
            throw new DistillException($"the {Name} loss needs 2 classes or more: the teacher has {classes}");
        (accuracy, balance, head) = (term.Number("accuracy"), term.On("balance"), new StudentHead(term, context.Pair));
        logits = Learned.Constant($"{Name}.logits", [classes, classes], 0, context);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossParameter> Parameters => [logits];

    /// <summary>A <c>[C, C]</c>: accuracy on the diagonal, (1 − accuracy)·softmax of the off-diagonal logits elsewhere; rows sum to
    /// 1.</summary>
    /// <param name="logits">Free parameters <c>[C, C]</c>; the diagonal is not used.</param>
    /// <param name="accuracy">(0, 1).</param>
    public static torch.Tensor Matrix(torch.Tensor logits, double accuracy)
    {
        torch.Tensor diagonal = torch.eye(logits.shape[0], dtype: torch.ScalarType.Bool, device: logits.device);
        torch.Tensor off = logits.masked_fill(diagonal, double.NegativeInfinity).softmax(-1);
        return (off * (1 - accuracy)) + (diagonal.to_type(logits.dtype) * accuracy);
    }

    /// <summary>−ln Σ_i p_s(i)·A[i, y] with y = argmax z_t, mean over the batch.</summary>
    /// <param name="student">Student logits <c>[B, C]</c>.</param>
    /// <param name="teacher">Teacher logits <c>[B, C]</c>.</param>
    /// <param name="matrix">A <c>[C, C]</c>.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(torch.Tensor student, torch.Tensor teacher, torch.Tensor matrix, torch.Tensor? weights = null)
    {
        torch.Tensor noisy = student.softmax(-1).matmul(matrix);
        torch.Tensor label = teacher.detach().argmax(-1, keepdim: true);
        return Reduction.BatchMean(-noisy.gather(-1, label).squeeze(-1).clamp_min(1e-12).log(), weights);
    }

    /// <summary>Weights <c>[B]</c> of mean 1 that give every decision present in the batch the same say: B / (decisions present · images of
    /// the same decision).</summary>
    /// <param name="teacher">Teacher logits <c>[B, C]</c>.</param>
    public static torch.Tensor BalanceOf(torch.Tensor teacher)
    {
        torch.Tensor decisions = torch.nn.functional.one_hot(teacher.detach().argmax(-1), teacher.shape[1]).to_type(teacher.dtype);
        torch.Tensor counts = decisions.sum([0]);
        return teacher.shape[0] / (decisions.matmul(counts) * counts.gt(0).sum());
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        torch.Tensor teacher = inputs.Teacher.Logits!;
        torch.Tensor? weights = inputs.Weights;
        if (balance)
            weights = weights is null ? BalanceOf(teacher) : weights * BalanceOf(teacher);
        return Loss(head.Of(inputs.Student), teacher, Matrix(logits.Value, accuracy), weights);
    }
}
