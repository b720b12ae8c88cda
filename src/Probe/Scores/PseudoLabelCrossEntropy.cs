// Cross-entropy of the teacher's output with its own hard decision.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Pseudo-label cross-entropy, at least 0 (DFND, Chen et al. 2021; Attention Probe 2022).</summary>
internal static class PseudoLabelCrossEntropy
{
    /// <summary>−ln max softmax(z) of logits <c>[B, C]</c>, <c>[B]</c>.</summary>
    public static Tensor Of(Tensor logits) => -logits.log_softmax(-1).amax([-1]);
}
