// Centre and spread that a few wild values cannot move.

using MathNet.Numerics.Statistics;

namespace DataFreeKD.Selector.Statistics;

/// <summary>A robust z-score: (x − median) / (1.4826·MAD), where MAD is the median absolute deviation; 1.4826 makes the spread a standard
/// deviation for normal data.</summary>
/// <param name="Median">The middle of the sample.</param>
/// <param name="Spread">1.4826·MAD; for a sample whose half is one value, the mean absolute deviation; 1 for a constant.</param>
internal readonly record struct RobustScale(double Median, double Spread)
{
    /// <summary>The scale of a sample.</summary>
    /// <param name="values">At least one value, no NaN. Reordered.</param>
    /// <exception cref="ArgumentException">The sample is empty.</exception>
    public static RobustScale Of(double[] values)
    {
        if (values.Length == 0)
            throw new ArgumentException("a median needs at least one value", nameof(values));
        Array.Sort(values);
        double median = SortedArrayStatistics.Median(values);
        double mean = 0;
        for (int at = 0; at < values.Length; at++)
        {
            values[at] = Math.Abs(values[at] - median);
            mean += values[at] / values.Length;
        }
        Array.Sort(values);
        double spread = 1.4826 * SortedArrayStatistics.Median(values);
        if (spread == 0)
            spread = mean > 0 ? mean : 1;
        return new RobustScale(median, spread);
    }

    /// <summary>The robust z-score of a value.</summary>
    public double Of(double value) => (value - Median) / Spread;
}
