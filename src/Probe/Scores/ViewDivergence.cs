// How far the teacher's prediction moves when it sees the image otherwise.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Mean divergence of the views' predictions from the image's own, nats, at least 0; lower means more familiar (the consistency
/// term of Xie et al., "Unsupervised Data Augmentation for Consistency Training", NeurIPS 2020).</summary>
internal static class ViewDivergence
{
    /// <summary>The mean over views of KL(p‖p′) = Σ p (ln p − ln p′), <c>[B]</c>.</summary>
    /// <param name="logits">Of the images, <c>[B, C]</c>.</param>
    /// <param name="views">Of each view, <c>[B, C]</c>.</param>
    public static Tensor Of(Tensor logits, IReadOnlyList<Tensor> views)
    {
        Tensor log = logits.log_softmax(-1);
        return stack(views.Select(view => (log.exp() * (log - view.log_softmax(-1))).sum(-1))).mean([0]);
    }
}
