// Whether two recipes differ beyond the noise of their seeds.

using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>Mean difference of paired runs with its 95 % interval: d̄ ± t(0.975, n−1)·s/√n, s the sample deviation of the n differences
/// (Student, 1908).</summary>
/// <param name="Mean">d̄.</param>
/// <param name="Low">Lower end; NaN for one pair.</param>
/// <param name="High">Upper end; NaN for one pair.</param>
internal readonly record struct PairedDifference(double Mean, double Low, double High)
{
    /// <summary>Whether the interval leaves 0 out.</summary>
    public bool BeyondNoise => Low > 0 || High < 0;

    /// <summary>The difference of <paramref name="values"/> to <paramref name="baseline"/>, both in the order of the seeds.</summary>
    public static PairedDifference Of(IReadOnlyList<double> values, IReadOnlyList<double> baseline)
    {
        double[] differences = [.. values.Zip(baseline, (value, other) => value - other)];
        double mean = differences.Mean();
        if (differences.Length < 2)
            return new(mean, double.NaN, double.NaN);
        double half =
            StudentT.InvCDF(0, 1, differences.Length - 1, 0.975) * differences.StandardDeviation() / Math.Sqrt(differences.Length);
        return new(mean, mean - half, mean + half);
    }
}
