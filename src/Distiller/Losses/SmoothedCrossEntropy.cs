// The supervised loss: cross-entropy with smoothed, possibly mixed labels.

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Cross-entropy with soft targets.</summary>
internal static class SmoothedCrossEntropy
{
    /// <summary>Targets <c>[B, C]</c>: (1 − s) on the label plus s/C everywhere (PyTorch's convention).</summary>
    /// <param name="labels">Class indices <c>[B]</c> int64.</param>
    /// <param name="classes">C.</param>
    /// <param name="smoothing">s, 0–1 exclusive.</param>
    public static torch.Tensor Targets(torch.Tensor labels, int classes, double smoothing) =>
        (torch.nn.functional.one_hot(labels, classes).to_type(torch.ScalarType.Float32) * (1 - smoothing)) + (smoothing / classes);

    /// <summary>−Σ_c t_c·ln p_c, mean over the batch.</summary>
    /// <param name="logits"><c>[B, C]</c>.</param>
    /// <param name="targets"><c>[B, C]</c>, rows summing to 1.</param>
    public static torch.Tensor Loss(torch.Tensor logits, torch.Tensor targets) => -(targets * logits.log_softmax(-1)).sum(-1).mean();
}
