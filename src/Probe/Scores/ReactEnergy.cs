// ReAct: the energy when no feature may be larger than features usually are.

using DataFreeKD.Models;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Energy of rectified features; lower means more familiar (Sun, Guo and Li, "ReAct: Out-of-distribution Detection With Rectified
/// Activations", NeurIPS 2021, section 3).</summary>
internal static class ReactEnergy
{
    /// <summary>The percentile of all activations that the paper clips at.</summary>
    public const double Percentile = 90;

    /// <summary>−ln Σ exp z̄ with z̄ the mean over heads of W·min(f, c) + b, <c>[B]</c>.</summary>
    /// <param name="features"><c>[B, K, D]</c>.</param>
    /// <param name="heads">K heads.</param>
    /// <param name="clip">c.</param>
    public static Tensor Of(Tensor features, IReadOnlyList<LinearHead> heads, double clip)
    {
        Tensor rectified = features.clamp_max(clip);
        return Energy.Of(
            stack(
                    heads.Select(
                        (head, at) => rectified.select(1, at).matmul(head.Weight.to(features.dtype).t()) + head.Bias.to(features.dtype)
                    )
                )
                .mean([0])
        );
    }
}
