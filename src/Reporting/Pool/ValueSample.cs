// A bounded sample of a column, for medians and the ends of axes.

namespace DataFreeKD.Reporting.Pool;

/// <summary>A reservoir (Vitter 1985, algorithm R) of finite values with their exact number, least and greatest. The same values in the
/// same order give the same sample.</summary>
internal sealed class ValueSample(int size = 20_000)
{
    private readonly List<double> kept = [];
    private ulong state = SplitMix64.Step;
    private double[]? sorted;

    /// <summary>Finite values seen.</summary>
    public long Count { get; private set; }

    /// <summary>The least; +∞ without any.</summary>
    public double Least { get; private set; } = double.PositiveInfinity;

    /// <summary>The greatest; −∞ without any.</summary>
    public double Greatest { get; private set; } = double.NegativeInfinity;

    /// <summary>Takes a value; what is not finite is passed over.</summary>
    public void Add(double value)
    {
        if (!double.IsFinite(value))
            return;
        sorted = null;
        Count++;
        (Least, Greatest) = (Math.Min(Least, value), Math.Max(Greatest, value));
        if (kept.Count < size)
            kept.Add(value);
        else if (Below(Count) is var place && place < size)
            kept[(int)place] = value;
    }

    /// <summary>The value that a share of the sample lies below; NaN without any. Exact while all values fit.</summary>
    /// <param name="share">In [0, 1].</param>
    public double Quantile(double share)
    {
        if (kept.Count == 0)
            return double.NaN;
        sorted ??= [.. kept.Order()];
        double place = share * (sorted.Length - 1);
        int low = (int)place;
        int high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((place - low) * (sorted[high] - sorted[low]));
    }

    // SplitMix64 (Steele et al. 2014), reduced by Lemire's multiplication.
    private long Below(long bound) => (long)Math.BigMul(SplitMix64.Next(ref state), (ulong)bound, out _);
}
