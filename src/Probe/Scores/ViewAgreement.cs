// Whether the teacher stays with its decision when it sees the image otherwise.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>The share of views with the decision of the image itself, in [0, 1]; higher means more familiar (Bahat and Shakhnarovich,
/// "Confidence from Invariance to Image Transformations", 2018).</summary>
internal static class ViewAgreement
{
    /// <summary>The mean over views of [argmax z′ = argmax z], <c>[B]</c>.</summary>
    /// <param name="logits">Of the images, <c>[B, C]</c>.</param>
    /// <param name="views">Of each view, <c>[B, C]</c>.</param>
    public static Tensor Of(Tensor logits, IReadOnlyList<Tensor> views)
    {
        Tensor decision = logits.argmax(-1);
        return stack(views.Select(view => view.argmax(-1).eq(decision).to(logits.dtype))).mean([0]);
    }
}
