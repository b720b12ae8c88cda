// Counts of values in bins of equal width, on a plain or a logarithmic axis.

namespace DataFreeKD.Reporting.Pool;

/// <summary>The bins of one score, the same for the pool and the selection.</summary>
internal sealed class Bins
{
    private const int Number = 40;

    // A tail that reaches this many times further than the middle squeezes everything else into two bins.
    private const double HeavyTail = 12;

    private Bins(double low, double high, bool logarithmic)
    {
        Logarithmic = logarithmic;
        double from = On(low),
            to = On(high);
        Edges = [.. Enumerable.Range(0, Number + 1).Select(at => Off(from + ((to - from) * at / Number)))];
    }

    /// <summary>Ascending; bin i is [Edges[i], Edges[i+1]). What lies outside is counted in the first or the last.</summary>
    public IReadOnlyList<double> Edges { get; }

    /// <summary>Whether bins are equally wide in the logarithm.</summary>
    public bool Logarithmic { get; }

    /// <summary>Bins from the bulk of the values: between the quantiles of 0.1 and 99.9 per cent. Null where there are none.</summary>
    public static Bins? For(ValueSample values)
    {
        if (values.Count == 0)
            return null;
        double low = values.Quantile(0.001),
            high = values.Quantile(0.999),
            median = values.Quantile(0.5);
        if (low > 0 && median > 0 && high / median > HeavyTail)
            return new Bins(low, high, logarithmic: true);
        if (high - low > 1e-9 * Math.Max(Math.Abs(low), Math.Abs(high)))
            return new Bins(low, high, logarithmic: false);
        double reach = Math.Max(Math.Abs(low) * 0.01, 1e-6);
        return new Bins(low - reach, high + reach, logarithmic: false);
    }

    /// <summary>The bin of a value.</summary>
    public int Of(double value)
    {
        if (Logarithmic && value <= 0)
            return 0;
        double from = On(Edges[0]),
            to = On(Edges[^1]);
        return Math.Clamp((int)Math.Floor((On(value) - from) / (to - from) * Number), 0, Number - 1);
    }

    private double On(double value) => Logarithmic ? Math.Log(value) : value;

    private double Off(double place) => Logarithmic ? Math.Exp(place) : place;
}

/// <summary>Counts by bin.</summary>
internal sealed class Histogram(Bins bins)
{
    private readonly long[] counts = new long[bins.Edges.Count - 1];

    /// <summary>The bins.</summary>
    public Bins Bins => bins;

    /// <summary>By bin.</summary>
    public IReadOnlyList<long> Counts => counts;

    /// <summary>Values counted.</summary>
    public long Total { get; private set; }

    /// <summary>Counts a value; what is not finite is passed over.</summary>
    public void Add(double value)
    {
        if (!double.IsFinite(value))
            return;
        counts[bins.Of(value)]++;
        Total++;
    }
}
