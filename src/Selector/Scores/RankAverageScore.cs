// The simplest way to combine scores without labels: the mean of their ranks.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>
/// Score = mean over columns of the share of the pool that is less useful by that column, in [0, 1]: entropy, energy, the probe
/// variance of each block (together as much as one column) and, where the table has it, <c>intact</c>.
/// </summary>
/// <remarks>Ranks ask nothing of a column but its order: no scale, no outlier and no unit can make one column drown the others.</remarks>
internal sealed class RankAverageScore : RowScore
{
    private readonly int[] blocks;
    private readonly int outputs;
    private readonly int[] signs;
    private double[][] ordered = [];

    public RankAverageScore(TableHeader header, SelectOptions options)
    {
        // A teacher without attention leaves the ranks of its logits.
        blocks = options.Blocks.Count == 0 && ProbeBlocks.Probed(header).Length == 0 ? [] : ProbeBlocks.Pick(header, options);
        string[] first = ["entropy", "energy", .. header.IndexOf("intact") >= 0 ? ["intact"] : Array.Empty<string>()];
        outputs = first.Length;
        Columns = [.. first, .. ProbeBlocks.VarianceColumns(blocks)];
        Require(
            header,
            options.Method,
            Columns,
            "score the images with a teacher that has a classifier head, or select by the probe alone with the method variance"
        );
        signs = [.. Columns.Select(ScoreDirection.Of)];
    }

    public override IReadOnlyList<string> Columns { get; }

    public override bool NeedsFit => true;

    public override IReadOnlyDictionary<string, string> Fitted =>
        new Dictionary<string, string> { ["columns"] = string.Join(',', Columns) };

    public override void Fit(IReadOnlyList<double[]> sample)
    {
        ordered = new double[sample.Count][];
        for (int at = 0; at < ordered.Length; at++)
        {
            int sign = signs[at];
            ordered[at] = Array.ConvertAll(sample[at], value => sign * value);
            Array.Sort(ordered[at]);
        }
    }

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity)
    {
        double sum = 0,
            probe = 0;
        for (int at = 0; at < values.Length; at++)
        {
            double share = Share(ordered[at], signs[at] * values[at]);
            if (at < outputs)
                sum += share;
            else
                probe += share / blocks.Length;
        }
        return (sum + probe) / (outputs + (blocks.Length > 0 ? 1 : 0));
    }

    // The middle of the ranks of equals.
    private static double Share(double[] ordered, double value) =>
        (Below(ordered, value, false) + Below(ordered, value, true)) / 2.0 / ordered.Length;

    private static int Below(double[] ordered, double value, bool orEqual)
    {
        int low = 0,
            high = ordered.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (ordered[middle] < value || (orEqual && ordered[middle] == value))
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
