// Logits on one scale, so that a student need not learn the teacher's (Sun et al., CVPR 2024).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>z-score of each row of logits, an option of losses with a temperature.</summary>
internal static class LogitStandardisation
{
    private const double Epsilon = 1e-7;

    /// <summary>The key of a recipe.</summary>
    internal static LossKey Key =>
        LossKey.Switch("standardise", "z-score each row of both models' logits first (published with T=2 and a weight of 9)");

    /// <summary>(z − mean)/(1e-7 + deviation) over classes, with the deviation of a sample (C − 1), as the published code does.</summary>
    /// <param name="logits"><c>[B, C]</c>, C of 2 or more.</param>
    public static torch.Tensor Apply(torch.Tensor logits) =>
        (logits - logits.mean([-1], keepdim: true)) / (logits.std(-1, unbiased: true, keepdim: true) + Epsilon);
}
