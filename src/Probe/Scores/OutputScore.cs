// The catalogue of output scores: a score is one file in this folder and one line here.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>A label-free score of the teacher's logits.</summary>
/// <param name="Column">Its column in the scores table.</param>
/// <param name="Compute">From logits <c>[B, C]</c> (float64) to <c>[B]</c>.</param>
internal sealed record OutputScore(string Column, Func<Tensor, Tensor> Compute)
{
    /// <summary>Every score, in the order of the columns.</summary>
    public static IReadOnlyList<OutputScore> All { get; } =
    [
        new("confidence", Confidence.Of),
        new("entropy", Entropy.Of),
        new("energy", Energy.Of),
        new("pseudo_label_ce", PseudoLabelCrossEntropy.Of),
    ];

    /// <summary>The place of a column among <see cref="All"/>.</summary>
    internal static int PlaceOf(string column) => All.Index().First(score => score.Item.Column == column).Index;
}
