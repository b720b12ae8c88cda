// Length of the features that the classifier reads.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Euclidean norm of the features, at least 0; higher means more familiar (Dhamija et al., "Reducing Network Agnostophobia",
/// NeurIPS 2018).</summary>
/// <remarks>After a final LayerNorm the norm varies by the norm's own scale and shift only, so that it says less here than in a
/// ConvNet.</remarks>
internal static class FeatureNorm
{
    /// <summary>‖f‖ of features <c>[B, K, D]</c>, the mean over heads, <c>[B]</c>.</summary>
    public static Tensor Of(Tensor features) => features.pow(2).sum(-1).sqrt().mean([1]);
}
