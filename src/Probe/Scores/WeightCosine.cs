// How closely the features point where the classifier looks for a class.

using DataFreeKD.Models;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>The largest cosine between the features and a class's own weights, in [−1, 1]; higher means more familiar (Techapanurak et al.,
/// "Hyperparameter-Free Out-of-Distribution Detection Using Cosine Similarity", ACCV 2020).</summary>
internal static class WeightCosine
{
    /// <summary>max over classes of cos(f, w_c), the cosines averaged over heads first as logits are, <c>[B]</c>.</summary>
    /// <param name="features"><c>[B, K, D]</c>.</param>
    /// <param name="heads">K heads.</param>
    public static Tensor Of(Tensor features, IReadOnlyList<LinearHead> heads)
    {
        Tensor unit = Unit(features);
        return stack(heads.Select((head, at) => unit.select(1, at).matmul(Unit(head.Weight.to(features.dtype)).t()))).mean([0]).amax([-1]);
    }

    private static Tensor Unit(Tensor x) => x / x.pow(2).sum(-1, keepdim: true).sqrt().clamp_min(1e-12);
}
