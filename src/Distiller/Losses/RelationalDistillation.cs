// Distances and angles among the images of a batch (RKD).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Relational knowledge distillation. Widths may differ. Costs O(B³) numbers for the angles.</summary>
internal sealed class RelationalDistillation : LossTerm
{
    private const double Epsilon = 1e-12;

    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "rkd",
            Equation =
                "distance·mean_ij h(d_s/mean d_s − d_t/mean d_t) + angle·mean_ijk h(cos_s − cos_t), h Huber's loss; batch means over all pairs and triplets",
            Source = "RKD, Park et al., CVPR 2019",
            Keys =
            [
                LossKey.Number("distance", 1, "weight of the distances"),
                LossKey.Number("angle", 2, "weight of the angles"),
                LossKey.Choice("of", "what is related: CLS after the final norm, or the logits", "embedding", "logits"),
                LossKey.Switch("normalise", "bring every image's vector to length 1 first"),
            ],
            ComparesImages = _ => true,
            Build = (term, _) => new RelationalDistillation(term),
        };

    private readonly double distance,
        angle;
    private readonly bool ofLogits,
        normalise;

    /// <inheritdoc/>
    public override bool ReadsTeacherFeatures => !ofLogits;

    private RelationalDistillation(RecipeTerm term)
        : base(term) =>
        (distance, angle, ofLogits, normalise) = (
            term.Number("distance"),
            term.Number("angle"),
            term.Word("of") == "logits",
            term.On("normalise")
        );

    /// <summary>Huber's loss (smooth L1, threshold 1) of distances divided by the mean over pairs i ≠ j; mean over all B² pairs, as the
    /// published code. A pair counts by the product of its images' weights.</summary>
    /// <param name="student">Student vectors <c>[B, Ds]</c>, B of 2 or more.</param>
    /// <param name="teacher">Teacher vectors <c>[B, Dt]</c>; no gradient flows to them.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor DistanceLoss(torch.Tensor student, torch.Tensor teacher, torch.Tensor? weights = null)
    {
        torch.Tensor pairs = Huber(Distances(student), Distances(teacher.detach()));
        return (weights is null ? pairs : pairs * weights.unsqueeze(0) * weights.unsqueeze(1)).mean();
    }

    /// <summary>Huber's loss of the cosines at i between j and k; mean over all B³ triplets, degenerate ones (0 on both sides) among them,
    /// as the published code.</summary>
    /// <inheritdoc cref="DistanceLoss"/>
    public static torch.Tensor AngleLoss(torch.Tensor student, torch.Tensor teacher, torch.Tensor? weights = null)
    {
        torch.Tensor triplets = Huber(Cosines(student), Cosines(teacher.detach()));
        return (weights is null ? triplets : triplets * weights.view(-1, 1, 1) * weights.view(1, -1, 1) * weights.view(1, 1, -1)).mean();
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        torch.Tensor student = ofLogits ? inputs.Student.Logits! : inputs.Student.Embedding,
            teacher = ofLogits ? inputs.Teacher.Logits! : inputs.Teacher.Embedding;
        if (normalise)
            (student, teacher) = (Unit(student), Unit(teacher));
        return (DistanceLoss(student, teacher, inputs.Weights) * distance) + (AngleLoss(student, teacher, inputs.Weights) * angle);
    }

    private static torch.Tensor Huber(torch.Tensor x, torch.Tensor y) => torch.nn.functional.smooth_l1_loss(x, y, torch.nn.Reduction.None);

    // The square is kept off 0, where the root has no slope; the diagonal is 0 all the same.
    private static torch.Tensor Distances(torch.Tensor vectors)
    {
        long batch = vectors.shape[0];
        torch.Tensor diagonal = torch.eye(batch, dtype: torch.ScalarType.Bool, device: vectors.device);
        torch.Tensor distances = Differences(vectors).square().sum(-1).clamp_min(Epsilon).sqrt().masked_fill(diagonal, 0);
        return distances / (distances.sum() / (batch * (batch - 1)));
    }

    private static torch.Tensor Cosines(torch.Tensor vectors)
    {
        torch.Tensor unit = Unit(Differences(vectors));
        return unit.matmul(unit.transpose(1, 2));
    }

    private static torch.Tensor Unit(torch.Tensor vectors) => torch.nn.functional.normalize(vectors, p: 2, dim: -1, eps: Epsilon);

    // [B, B, D]: entry (i, j) is vector j − vector i.
    private static torch.Tensor Differences(torch.Tensor vectors) => vectors.unsqueeze(0) - vectors.unsqueeze(1);
}
