// How far two columns of a pool move together. Own code, as MathNet.Numerics' sums give other last digits, and scores keep theirs.

namespace DataFreeKD.Selector.Statistics;

/// <summary>Pearson's correlation.</summary>
internal static class Correlation
{
    /// <summary>The correlation, [−1, 1]; 0 where a column is constant.</summary>
    /// <param name="a">A column, no NaN.</param>
    /// <param name="b">A column of the same length.</param>
    public static double Of(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double meanA = 0,
            meanB = 0;
        for (int at = 0; at < a.Length; at++)
            (meanA, meanB) = (meanA + a[at] / a.Length, meanB + b[at] / b.Length);
        double aa = 0,
            bb = 0,
            ab = 0;
        for (int at = 0; at < a.Length; at++)
        {
            double x = a[at] - meanA,
                y = b[at] - meanB;
            (aa, bb, ab) = (aa + x * x, bb + y * y, ab + x * y);
        }
        return aa > 0 && bb > 0 ? ab / Math.Sqrt(aa * bb) : 0;
    }
}
