// The baseline that every selection has to beat.

namespace DataFreeKD.Selector.Scores;

/// <summary>Score uniform in [0, 1), drawn from the seed and the row's content: the same images in another order give the same selection,
/// and copies no second chance.</summary>
internal sealed class RandomScore(long seed) : RowScore
{
    private readonly ulong key = SplitMix64.Hash((ulong)seed);

    public override IReadOnlyList<string> Columns => [];

    public override bool NeedsIdentity => true;

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity) =>
        (SplitMix64.Hash(identity ^ key) >> 11) * (1.0 / (1L << 53));
}
