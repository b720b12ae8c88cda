// Entropy of the predicted distribution.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Shannon entropy in nats, in [0, ln C].</summary>
internal static class Entropy
{
    /// <summary>−Σ p ln p with p = softmax(z) of logits <c>[B, C]</c>, <c>[B]</c>.</summary>
    public static Tensor Of(Tensor logits)
    {
        Tensor log = logits.log_softmax(-1);
        return -(log.exp() * log).sum(-1);
    }
}
