// The largest logit: how strong the winner is, not only how clear.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Maximum logit, any value; higher means more familiar (Hendrycks et al., "Scaling Out-of-Distribution Detection for Real-World
/// Settings", ICML 2022).</summary>
internal static class MaxLogit
{
    /// <summary>max z of logits <c>[B, C]</c>, <c>[B]</c>.</summary>
    public static Tensor Of(Tensor logits) => logits.amax([-1]);
}
