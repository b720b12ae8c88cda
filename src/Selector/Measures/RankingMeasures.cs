// How well a score tells two kinds apart.

namespace DataFreeKD.Selector.Measures;

/// <summary>Exact measures of a ranking against known answers.</summary>
internal static class RankingMeasures
{
    /// <summary>
    /// Area under the ROC curve: the chance that a positive outranks a negative, a tie counting half (the Mann–Whitney
    /// statistic, by mid-ranks; O(n log n)). NaN where a kind is missing.
    /// </summary>
    /// <param name="scores">Higher = more positive; no NaN.</param>
    /// <param name="positive">Which are positive; as long as <paramref name="scores"/>.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a score is NaN.</exception>
    public static double Auroc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        if (scores.Length != positive.Length)
            throw new ArgumentException($"{scores.Length} scores for {positive.Length} answers");
        double[] sorted = scores.ToArray();
        bool[] answers = positive.ToArray();
        if (sorted.Any(double.IsNaN))
            throw new ArgumentException("a score is NaN; leave that row out");
        Array.Sort(sorted, answers);
        double rankSum = 0;
        long positives = 0;
        for (int start = 0; start < sorted.Length;)
        {
            int end = start + 1;
            while (end < sorted.Length && sorted[end] == sorted[start])
                end++;
            int tied = answers.AsSpan(start, end - start).Count(true);
            // All of a tie share the mean of the 1-based ranks start+1 .. end.
            rankSum += tied * (start + 1.0 + end) / 2;
            positives += tied;
            start = end;
        }
        long negatives = sorted.Length - positives;
        return positives == 0 || negatives == 0
            ? double.NaN
            : (rankSum - positives * (positives + 1.0) / 2) / ((double)positives * negatives);
    }

    /// <summary>The part of the best <paramref name="count"/> rows that is positive; of equal scores the earlier row comes first. NaN for
    /// no rows.</summary>
    /// <param name="scores">Higher = better; no NaN.</param>
    /// <param name="positive">Which are positive.</param>
    /// <param name="count">How many of the best; all where there are fewer.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double PrecisionAt(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, int count)
    {
        if (scores.Length != positive.Length)
            throw new ArgumentException($"{scores.Length} scores for {positive.Length} answers");
        double[] values = scores.ToArray();
        int[] order = [.. Enumerable.Range(0, values.Length)];
        Array.Sort(order, (one, other) => values[one] != values[other] ? values[other].CompareTo(values[one]) : one.CompareTo(other));
        int hits = 0;
        int taken = Math.Min(count, order.Length);
        for (int at = 0; at < taken; at++)
            hits += positive[order[at]] ? 1 : 0;
        return taken <= 0 ? double.NaN : (double)hits / taken;
    }
}
