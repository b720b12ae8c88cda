// Output matching up to scale and shift, along rows and along columns of the batch (DIST).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Pearson correlation of probabilities between classes (each image's row) and within a class (each class's column over the
/// batch).</summary>
internal sealed class CorrelationDistillation : LossTerm
{
    private const double Epsilon = 1e-8;

    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "dist",
            Equation = "T²·(β·mean_rows (1 − ρ(p_s, p_t)) + γ·mean_columns (1 − ρ(p_s, p_t))), ρ Pearson's correlation",
            Source = "DIST, Huang et al., NeurIPS 2022",
            Keys =
            [
                LossKey.Number("inter", 1, "weight β of the rows (between classes)"),
                LossKey.Number("intra", 1, "weight γ of the columns (within a class)"),
                LossKey.Number("T", 1, "temperature", open: true),
                StudentHead.Key(),
            ],
            ReadsPlainProbabilities = term => term.Number("T") == 1,
            ComparesImages = term => term.Number("intra") > 0,
            Build = (term, context) => new CorrelationDistillation(term, context),
        };

    private readonly double inter,
        intra,
        temperature;
    private readonly StudentHead head;

    private CorrelationDistillation(RecipeTerm term, LossContext context)
        : base(term) =>
        (inter, intra, temperature, head) = (
            term.Number("inter"),
            term.Number("intra"),
            term.Number("T"),
            new StudentHead(term, context.Pair)
        );

    /// <summary>The loss of logits; mean over rows, mean over columns, 1e-8 added to the denominators as the published code does. Images
    /// count by their weight in both.</summary>
    /// <param name="student">Student logits <c>[B, C]</c>, B of 2 or more.</param>
    /// <param name="teacher">Teacher logits <c>[B, C]</c>; no gradient flows to them.</param>
    /// <param name="inter">Weight of the rows.</param>
    /// <param name="intra">Weight of the columns.</param>
    /// <param name="temperature">T, above 0.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(
        torch.Tensor student,
        torch.Tensor teacher,
        double inter,
        double intra,
        double temperature,
        torch.Tensor? weights = null
    )
    {
        torch.Tensor s = (student / temperature).softmax(-1),
            t = (teacher.detach() / temperature).softmax(-1);
        torch.Tensor rows = Reduction.BatchMean(1 - Correlation(s, t, null), weights);
        torch.Tensor columns = (1 - Correlation(s.t(), t.t(), weights)).mean();
        return ((rows * inter) + (columns * intra)) * (temperature * temperature);
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs) =>
        Loss(head.Of(inputs.Student), inputs.Teacher.Logits!, inter, intra, temperature, inputs.Weights);

    // Of each row of x [R, M] with the same row of y, the M entries counted by their weight [M].
    private static torch.Tensor Correlation(torch.Tensor x, torch.Tensor y, torch.Tensor? weights)
    {
        torch.Tensor share = weights is null
            ? torch.full([x.shape[1]], 1.0 / x.shape[1], x.dtype, x.device)
            : weights.to_type(x.dtype) / weights.sum().clamp_min(Epsilon);
        torch.Tensor left = x - (x * share).sum(-1, keepdim: true),
            right = y - (y * share).sum(-1, keepdim: true);
        torch.Tensor root = share.sqrt() * Math.Sqrt(x.shape[1]);
        torch.Tensor a = left * root,
            b = right * root;
        return (a * b).sum(-1) / ((torch.linalg.vector_norm(a, 2, [-1]) * torch.linalg.vector_norm(b, 2, [-1])) + Epsilon);
    }
}
