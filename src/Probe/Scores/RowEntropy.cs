// How widely an attention row is spread.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Entropy of a row of attention over the N patches in units of ln N, in [0, 1]: 1 for a uniform row, whatever N. Attention of a
/// familiar image is concentrated (Wang et al., "Attention Probe", ICASSP 2022); entropy as the measure of it: Clark et al., "What Does
/// BERT Look At?", BlackboxNLP 2019.</summary>
internal static class RowEntropy
{
    /// <summary>−Σ a ln a / ln N of rows <c>[B, N]</c> that sum to 1, <c>[B]</c>; 0 where N = 1.</summary>
    public static Tensor Of(Tensor rows) => -xlogy(rows, rows).sum(-1) / Math.Log(Math.Max(2, rows.shape[^1]));
}
