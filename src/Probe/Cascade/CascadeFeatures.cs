// What a cascade reads off a teacher's first blocks, or off a student.

using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Cascade;

/// <summary>Of first blocks: CLS, mean and spread of the patches after the last, and the logarithm of the attention probe's variance
/// of each. Of a student: its own figures of the scores table, that variance as a logarithm, and its embedding.</summary>
internal static class CascadeFeatures
{
    // As in selection: keeps the logarithm finite.
    private const double SmallestVariance = 1e-9;

    /// <summary>Features <c>[B, F]</c>, float64.</summary>
    /// <param name="tokens">After block <paramref name="blocks"/> − 1, <c>[B, T, D]</c>.</param>
    /// <param name="prefix">Tokens before the patches.</param>
    /// <param name="clsRows">CLS rows <c>[B, H, N]</c> of the blocks 0 to <paramref name="blocks"/> − 1, by block.</param>
    /// <param name="blocks">How many blocks were run.</param>
    public static Tensor Of(Tensor tokens, int prefix, IReadOnlyDictionary<int, Tensor> clsRows, int blocks)
    {
        Tensor patches = tokens.narrow(1, prefix, tokens.shape[1] - prefix);
        return cat(
            [
                tokens.select(1, 0).to(ScalarType.Float64),
                patches.mean([1]).to(ScalarType.Float64),
                patches.std(1, unbiased: false).to(ScalarType.Float64),
                .. Enumerable
                    .Range(0, blocks)
                    .Select(block =>
                        AttentionProbe.Variance(AttentionProbe.FromClsRows(clsRows[block])).clamp_min(SmallestVariance).log().unsqueeze(1)
                    ),
            ],
            1
        );
    }

    /// <summary>Features <c>[B, F]</c>, float64.</summary>
    /// <param name="answer">A student's.</param>
    public static Tensor OfStudent(TeacherAnswer answer) =>
        cat(
            [
                .. answer.Logits is { } logits
                    ? OutputScore.All.Select(score => score.Compute(logits).to(ScalarType.Float64).unsqueeze(1))
                    : [],
                .. answer.Probes.Select(probe => AttentionProbe.Variance(probe).clamp_min(SmallestVariance).log().unsqueeze(1)),
                answer.Embedding.to(ScalarType.Float64),
            ],
            1
        );
}
