// Draws from Beta distributions that are a function of a key alone. Own code, so that a resumed crawl draws the same whatever the version
// of a library.

namespace DataFreeKD.Crawler.Steering;

/// <summary>A stream of random numbers (SplitMix64: Steele, Lea and Flood, 2014) and the draws that Thompson sampling needs of it. Equal
/// keys give equal streams.</summary>
internal struct BetaSampler(ulong key)
{
    private ulong state = key;

    /// <summary>Beta(a, b) as the share of one of two Gamma draws; both parameters above 0.</summary>
    public double Beta(double a, double b)
    {
        double first = Gamma(a),
            second = Gamma(b);
        return first / (first + second);
    }

    // Marsaglia and Tsang, 2000, "A Simple Method for Generating Gamma Variables": for a shape of at least 1 about one try in twenty fails;
    // a smaller one is a part of that of a shape one larger.
    private double Gamma(double shape)
    {
        if (shape < 1)
            return Gamma(shape + 1) * Math.Pow(Uniform(), 1 / shape);
        double d = shape - 1.0 / 3,
            c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = Normal(),
                v = 1 + c * x;
            if (v <= 0)
                continue;
            v = v * v * v;
            if (Math.Log(Uniform()) < x * x / 2 + d - d * v + d * Math.Log(v))
                return d * v;
        }
    }

    // Marsaglia's polar method; its second number is let go, so that there is no state beside the key's.
    private double Normal()
    {
        while (true)
        {
            double x = 2 * Uniform() - 1,
                y = 2 * Uniform() - 1,
                square = x * x + y * y;
            if (square < 1)
                return x * Math.Sqrt(-2 * Math.Log(square) / square);
        }
    }

    // In (0, 1): both logarithms want no zero.
    private double Uniform() => ((Next() >> 12) + 0.5) * (1.0 / (1UL << 52));

    private ulong Next() => SplitMix64.Next(ref state);
}
