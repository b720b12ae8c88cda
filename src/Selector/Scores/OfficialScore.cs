// The published code's selection formula, kept as it is for comparison (Wang et al., Attention Probe, ICASSP 2022).

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>
/// Score = −(0.05·(cos_a + cos_b) + 0.9·CE), with cos the probe's cosine to uniform at blocks 3 and 7 of 12 (0-based) and
/// CE = −ln max p; the published code keeps the smallest sum.
/// </summary>
/// <remarks>
/// The sums are not scaled, so that with CE in nats the two cosines, together in (0, 0.1], decide only between images that the
/// teacher is equally sure of. The formula is the published one, the cosines are not: that code reads head 0, the scores table
/// holds the mean over heads. (That its row is not renormalised does not matter to a cosine.) Its flag named for the probe turns
/// the probe off: what it calls "without" is this formula, and its own scripts, which give the flag, rank by CE alone, as the
/// method <c>confidence</c> does.
/// </remarks>
internal sealed class OfficialScore : RowScore
{
    private readonly int[] blocks;

    public OfficialScore(TableHeader header, SelectOptions options)
    {
        if (options.Blocks.Count is not (0 or 2))
            throw new SelectionException($"the official formula takes 2 blocks, not {options.Blocks.Count}; name two, e.g. Blocks 3,7")
            {
                Options = [nameof(SelectOptions.Blocks)],
            };
        blocks = options.Blocks.Count == 2 ? [.. options.Blocks] : [3, 7];
        Columns = [Manifests.Columns.ProbeCosine(blocks[0]), Manifests.Columns.ProbeCosine(blocks[1]), "pseudo_label_ce"];
        int[] probed = ProbeBlocks.Probed(header);
        string others =
            probed.Length >= 2 ? $"; a teacher of another depth has other blocks: name two of {string.Join(", ", probed)} with Blocks" : "";
        Require(
            header,
            "official",
            Columns,
            $"score the images with Blocks {string.Join(',', blocks)} and a teacher that has a classifier head{others}",
            nameof(SelectOptions.Blocks)
        );
    }

    public override IReadOnlyList<string> Columns { get; }

    public override IReadOnlyDictionary<string, string> Fitted =>
        new Dictionary<string, string> { ["blocks"] = string.Join(',', blocks), ["heads"] = "mean of all (the published code: the first)" };

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity) => -(0.05 * (values[0] + values[1]) + 0.9 * values[2]);
}
