// What a cascade reads off a teacher's first blocks.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Cascade;

/// <summary>CLS, mean and spread of the patches after a block, and the logarithm of the attention probe's variance of it and all
/// before.</summary>
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
}
