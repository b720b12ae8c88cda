// Several teachers' outputs as one: the logarithm of their mean probabilities, image by image.

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Mixtures m = Σ_k w_k·p_k of teachers' probabilities p_k = softmax(z_k), w_k ≥ 0 and Σ_k w_k = 1 for each image. Each gives ln
/// m, so that softmax of what it gives is m; a temperature T then softens the mixture: softmax(ln m / T).</summary>
/// <remarks>The mean is the teacher of Hinton et al., 2015 (section 4, ensembles).</remarks>
internal static class TeacherMixture
{
    /// <summary>w_k = 1/K.</summary>
    /// <param name="logits">Of each of K teachers, <c>[B, C]</c>.</param>
    /// <returns>ln m <c>[B, C]</c>.</returns>
    public static torch.Tensor Mean(IReadOnlyList<torch.Tensor> logits) => Uniform(LogProbabilities(logits));

    /// <summary>w_k = max_c p_k / Σ_j max_c p_j: a teacher counts by its confidence in the image.</summary>
    /// <inheritdoc cref="Mean"/>
    public static torch.Tensor Confident(IReadOnlyList<torch.Tensor> logits)
    {
        torch.Tensor each = LogProbabilities(logits);
        return Weighted(each, each.amax([-1]));
    }

    /// <summary>w_k = exp(−KL(p_k ‖ p̄)) / Σ_j exp(−KL(p_j ‖ p̄)), p̄ the mean: a teacher that stands apart from the others counts
    /// less.</summary>
    /// <inheritdoc cref="Mean"/>
    public static torch.Tensor Agreeing(IReadOnlyList<torch.Tensor> logits)
    {
        torch.Tensor each = LogProbabilities(logits);
        torch.Tensor divergence = (each.exp() * (each - Uniform(each))).sum(-1);
        return Weighted(each, -divergence);
    }

    // [K, B, C]
    private static torch.Tensor LogProbabilities(IReadOnlyList<torch.Tensor> logits) => torch.stack([.. logits], 0).log_softmax(-1);

    private static torch.Tensor Uniform(torch.Tensor each) => each.logsumexp(0) - Math.Log(each.shape[0]);

    // ln w_k [K, B] up to a constant for each image.
    private static torch.Tensor Weighted(torch.Tensor each, torch.Tensor scores) =>
        (each + scores.log_softmax(0).unsqueeze(-1)).logsumexp(0);
}
