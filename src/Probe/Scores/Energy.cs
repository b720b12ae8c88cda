// Free energy of the logits.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Energy at temperature 1 (Liu et al. 2020); lower means more familiar.</summary>
internal static class Energy
{
    /// <summary>−ln Σ exp z of logits <c>[B, C]</c>, <c>[B]</c>.</summary>
    public static Tensor Of(Tensor logits) => -logits.logsumexp(-1);
}
