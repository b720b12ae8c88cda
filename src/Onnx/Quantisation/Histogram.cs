// How the values of a tensor spread.

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>Counts in bins of equal width over a range known before.</summary>
internal sealed class Histogram(ValueRange range)
{
    private const int Bins = 4096;
    private readonly long[] counts = new long[Bins];
    private readonly double width = Math.Max((double)range.High - range.Low, 1e-30) / Bins;

    public void Add(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
            counts[Math.Clamp((int)((value - range.Low) / width), 0, Bins - 1)]++;
    }

    /// <summary>The range without the outermost values: a share of (1 − <paramref name="share"/>)/2 is cut at each end.</summary>
    public ValueRange Percentile(double share)
    {
        double cut = counts.Sum() * (1 - share) / 2;
        int low = 0,
            high = Bins - 1;
        for (long below = counts[low]; below <= cut && low < high; below += counts[low])
            low++;
        for (long above = counts[high]; above <= cut && high > low; above += counts[high])
            high--;
        return new ValueRange((float)(range.Low + (low * width)), (float)(range.Low + ((high + 1) * width)));
    }

    /// <summary>The range, shrunk towards 0 at either end, with the least mean squared error of rounding and clipping by
    /// <paramref name="type"/>.</summary>
    public ValueRange LeastError(ActivationType type)
    {
        ValueRange best = range;
        double least = Error(range, type);
        // A symmetric type is as wide at both ends: they shrink together. Else one end after the other, twice: they hardly hang on each
        // other.
        (bool Lower, bool Upper)[] ends =
            type == ActivationType.QInt8 ? [(true, true)] : [(false, true), (true, false), (false, true), (true, false)];
        foreach ((bool lower, bool upper) in ends)
        {
            ValueRange start = best;
            for (int percent = 99; percent >= 2; percent--)
            {
                float share = percent / 100f;
                ValueRange tried = new(lower ? range.Low * share : start.Low, upper ? range.High * share : start.High);
                double error = Error(tried, type);
                if (error < least)
                    (best, least) = (tried, error);
            }
        }
        return best;
    }

    private double Error(ValueRange tried, ActivationType type)
    {
        (double step, double low, double high) = tried.Held(type);
        double sum = 0;
        for (int bin = 0; bin < Bins; bin++)
        {
            if (counts[bin] == 0)
                continue;
            double value = range.Low + ((bin + 0.5) * width);
            // Within the range the rounding error is uniform over a step.
            double error =
                value < low ? (low - value) * (low - value)
                : value > high ? (value - high) * (value - high)
                : step * step / 12;
            sum += counts[bin] * error;
        }
        return sum;
    }
}
