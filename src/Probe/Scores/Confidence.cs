// Confidence: the largest softmax probability.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Maximum softmax probability, in [1/C, 1] (Hendrycks and Gimpel 2017).</summary>
internal static class Confidence
{
    /// <summary>max softmax(z) of logits <c>[B, C]</c>, <c>[B]</c>.</summary>
    public static Tensor Of(Tensor logits) => logits.softmax(-1).amax([-1]);
}
