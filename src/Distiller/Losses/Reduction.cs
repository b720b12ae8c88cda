// The one reduction of every loss: mean over the batch, each image by its weight.

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

internal static class Reduction
{
    /// <summary>mean_b(w_b · l_b) of per-image losses <c>[B]</c>. Weights have mean 1 over the data set, so the scale does not hang on the
    /// batch.</summary>
    public static torch.Tensor BatchMean(torch.Tensor perImage, torch.Tensor? weights) =>
        weights is null ? perImage.mean() : (perImage * weights).mean();
}
