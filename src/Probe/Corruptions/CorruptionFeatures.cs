// What the classifier of corrupted copies looks at.

using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Corruptions;

/// <summary>Numbers of one image: the CLS embedding, ln probe variance of each probed block, the length of the embedding and, with a head,
/// entropy and energy.</summary>
internal static class CorruptionFeatures
{
    // Below what a probe of single precision can tell from uniform; keeps the logarithm finite.
    private const double SmallestVariance = 1e-9;

    /// <summary>Names of those that are scores by themselves: all but the embedding, in order, at the end.</summary>
    public static IReadOnlyList<string> Scores(IReadOnlyList<int> blocks, bool head) =>
        [.. blocks.Select(Manifests.Columns.ProbeVariance), "feature_norm", .. head ? ["entropy", "energy"] : Array.Empty<string>()];

    /// <summary><c>[B, F]</c>, float64.</summary>
    public static Tensor Of(TeacherAnswer answer)
    {
        List<Tensor> columns =
        [
            .. answer.Probes.Select(probe => AttentionProbe.Variance(probe).to(ScalarType.Float64).clamp_min(SmallestVariance).log()),
            FeatureNorm.Of(answer.Features),
        ];
        if (answer.Logits is { } logits)
            columns.AddRange([Entropy.Of(logits), Energy.Of(logits)]);
        return cat([answer.Embedding.to(ScalarType.Float64), stack(columns, 1)], 1);
    }
}
