// Where images stand in a pool that a steered crawl has made uneven.

namespace DataFreeKD.Crawler.Steering;

/// <summary>Ranks in which every source counts the same, however many images of it there are: what steering fetches more of does not change
/// what is good.</summary>
internal static class EvenRank
{
    /// <summary>The share of the pool with a lower score, in (0, 1): the image's own weight, and that of equals, counts half.</summary>
    /// <param name="sources">The source of each image.</param>
    /// <param name="scores">The score of each image, higher is better; no NaN.</param>
    public static double[] Of(IReadOnlyList<string> sources, IReadOnlyList<double> scores)
    {
        Dictionary<string, int> images = sources.CountBy(source => source).ToDictionary(StringComparer.Ordinal);
        double[] ranks = new double[scores.Count];
        double below = 0;
        int[] order = [.. Enumerable.Range(0, scores.Count).OrderBy(at => scores[at])];
        for (int from = 0; from < order.Length;)
        {
            int to = from;
            double equal = 0;
            for (; to < order.Length && scores[order[to]] == scores[order[from]]; to++)
                equal += 1.0 / (images[sources[order[to]]] * images.Count);
            for (; from < to; from++)
                ranks[order[from]] = below + equal / 2;
            below += equal;
        }
        return ranks;
    }
}
