// GEN: an entropy that looks closely at probabilities near 0 and 1.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Generalised entropy of the M most probable classes, at least 0; lower means more familiar (Liu, Lochman and Zach, "GEN: Pushing
/// the Limits of Softmax-Based Out-of-Distribution Detection", CVPR 2023, section 3).</summary>
internal static class GeneralisedEntropy
{
    /// <summary>The paper's exponent.</summary>
    public const double Gamma = 0.1;

    /// <summary>The paper's M for ImageNet; all classes where there are fewer.</summary>
    public const int Most = 100;

    /// <summary>Σ p^γ (1 − p)^γ over the <paramref name="most"/> largest p = softmax(z) of logits <c>[B, C]</c>, <c>[B]</c>.</summary>
    public static Tensor Of(Tensor logits, double gamma = Gamma, int most = Most)
    {
        Tensor p = logits.softmax(-1).sort(-1, descending: true).Values;
        Tensor others = p.narrow(-1, 1, p.shape[^1] - 1);
        // With an exponent of 0.1 even 1e-17 counts, and a sure teacher's 1 − p would have been rounded away: the others' sum is exact.
        Tensor rest = cat([others.sum(-1, keepdim: true), 1 - others], -1);
        long kept = Math.Min(most, p.shape[^1]);
        return (p.narrow(-1, 0, kept).pow(gamma) * rest.narrow(-1, 0, kept).pow(gamma)).sum(-1);
    }
}
