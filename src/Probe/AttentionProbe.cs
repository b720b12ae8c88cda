// The attention probe: how unevenly the CLS token looks at the patches.

using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>
/// The attention probe of one block (Wang et al., "Attention Probe: Vision Transformer Distillation in the Wild", ICASSP 2022):
/// images like the teacher's own make CLS look at an object, an uneven row; unfamiliar ones give a flat row.
/// </summary>
internal static class AttentionProbe
{
    /// <summary>The probe <c>[B, N]</c>: the CLS-to-patch rows <c>[B, H, N]</c> averaged over heads and renormalised to sum 1.</summary>
    public static Tensor FromClsRows(Tensor clsRows)
    {
        Tensor mean = clsRows.to(ScalarType.Float64).mean([1]);
        return mean / mean.sum(-1, keepdim: true);
    }

    /// <summary>Population variance × N², <c>[B]</c>, at least 0: a uniform probe gives 0, and the figure does not depend on N.</summary>
    public static Tensor Variance(Tensor probe)
    {
        long patches = probe.shape[^1];
        return (probe * patches - 1).pow(2).mean([-1]);
    }

    /// <summary>Cosine with the uniform vector, <c>[B]</c>, in (0, 1]; equals 1/√(1 + <see cref="Variance"/>).</summary>
    public static Tensor Cosine(Tensor probe) => probe.sum(-1) / (probe.pow(2).sum(-1).sqrt() * Math.Sqrt(probe.shape[^1]));
}
