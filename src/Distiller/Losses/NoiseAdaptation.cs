// The teacher's decisions on wild images are noisy labels: a learned matrix models the noise (DFND, Chen et al., CVPR 2021).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>NLL of p_s·A on argmax of the teacher. A is row-stochastic, its diagonal held at the teacher's accuracy, its off-diagonals learned.</summary>
public sealed class NoiseAdaptation : LossTerm
{
    private readonly double accuracy;
    private readonly LossParameter logits;

    /// <summary>For a number of classes; the off-diagonals start even.</summary>
    /// <param name="weight">Weight in the total.</param>
    /// <param name="classes">C, 2 or more.</param>
    /// <param name="accuracy">Diagonal of A, (0, 1).</param>
    /// <param name="device">Where A lives.</param>
    public NoiseAdaptation(double weight, int classes, double accuracy, torch.Device device) : base("noise", weight)
    {
        this.accuracy = accuracy;
        logits = new LossParameter("noise.logits", torch.zeros(classes, classes, device: device).requires_grad_(true), Decay: false);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossParameter> Parameters => [logits];

    /// <summary>A <c>[C, C]</c>: accuracy on the diagonal, (1 − accuracy)·softmax of the off-diagonal logits elsewhere; rows sum to 1.</summary>
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

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs) => Loss(inputs.Student.Logits!, inputs.Teacher.Logits!, Matrix(logits.Value, accuracy), inputs.Weights);
}
