// Where a score stands in the pool, from a bounded sample of the pool's scores.

using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Advice;

/// <summary>The sorted selection scores of a pool, or of a sample of a large one.</summary>
internal sealed class RankScale
{
    // Ascending.
    private readonly double[] scores;

    /// <param name="scores">Selection scores, in any order; at least one.</param>
    public RankScale(double[] scores)
    {
        this.scores = [.. scores];
        Array.Sort(this.scores);
    }

    /// <summary>Best first.</summary>
    public IEnumerable<double> Descending => scores.Reverse();

    public int Count => scores.Length;

    /// <summary>Reads the pool once.</summary>
    public static RankScale Of(Passes passes)
    {
        Reservoir sample = new(1, passes.Options.SampleRows, passes.Options.Seed);
        using PoolScan scan = passes.Scan();
        while (scan.Next())
            sample.Add([scan.Score]);
        return new RankScale(sample.Sample()[0]);
    }

    /// <summary>Which share of the pool is ranked above a row of that score, its equals counted half; in (0, 1).</summary>
    public double ShareAbove(double score)
    {
        int first = Bound(score, orEqual: false),
            after = Bound(score, orEqual: true);
        double above = scores.Length - after + (0.5 * Math.Max(1, after - first));
        return Math.Min(above, scores.Length - 0.5) / scores.Length;
    }

    // The first place whose score is greater, or not smaller.
    private int Bound(double score, bool orEqual)
    {
        int low = 0,
            high = scores.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (scores[middle] < score || (orEqual && scores[middle] == score))
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
