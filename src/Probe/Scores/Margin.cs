// How far the teacher's first choice is ahead of its second.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Margin between the two largest probabilities (not logits), in [0, 1] (Scheffer et al., "Active Hidden Markov Models for
/// Information Extraction", IDA 2001; Settles, "Active Learning Literature Survey", 2009, section 3.1).</summary>
internal static class Margin
{
    /// <summary>p₍₁₎ − p₍₂₎ with p = softmax(z) of logits <c>[B, C]</c>, <c>[B]</c>; 1 where there is one class.</summary>
    public static Tensor Of(Tensor logits)
    {
        Tensor best = logits.softmax(-1).topk((int)Math.Min(2, logits.shape[^1]), -1).values;
        return best.select(-1, 0) - best.narrow(-1, 1, best.shape[^1] - 1).sum(-1);
    }
}
