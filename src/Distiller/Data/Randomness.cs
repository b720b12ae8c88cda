// Random numbers as a pure function of (seed, purpose, indices): nothing to save, nothing to restore on resume.

namespace DataFreeKD.Distiller.Data;

/// <summary>What a random number is for: streams of different purpose never meet.</summary>
internal enum Purpose
{
    Order = 1,
    Augmentation,
    Mixing,
    Patches,
    HoldOut,
    Projection,
    Loss,
    Synthesis,
    Pruning,
    Slopes,
}

/// <summary>SplitMix64 (Steele et al., 2014) started from a hash of its key.</summary>
internal struct Randomness
{
    private ulong state;

    public Randomness(long seed, Purpose purpose, long a = 0, long b = 0)
    {
        state = (ulong)seed;
        state = Next() ^ (ulong)purpose;
        state = Next() ^ (ulong)a;
        state = Next() ^ (ulong)b;
    }

    /// <summary>64 random bits.</summary>
    public ulong Next() => SplitMix64.Next(ref state);

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound), by the high half of a 128-bit product.</summary>
    public int NextInt(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>Standard normal (Box–Muller).</summary>
    public double NextNormal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>Beta(alpha, alpha), by two gammas.</summary>
    public double NextBeta(double alpha)
    {
        double x = NextGamma(alpha),
            y = NextGamma(alpha);
        return x + y > 0 ? x / (x + y) : 0.5;
    }

    /// <summary>Shuffles in place (Fisher–Yates).</summary>
    public void Shuffle(Span<int> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    /// <summary><paramref name="count"/> different numbers below <paramref name="bound"/>, in drawn order (the head of a Fisher–Yates
    /// shuffle).</summary>
    public int[] Choose(int count, int bound)
    {
        int[] all = [.. Enumerable.Range(0, bound)];
        for (int i = 0; i < count; i++)
        {
            int j = i + NextInt(bound - i);
            (all[i], all[j]) = (all[j], all[i]);
        }
        return all[..count];
    }

    // Marsaglia and Tsang, 2000; below 1 by the boost Gamma(a) = Gamma(a + 1)·U^(1/a).
    private double NextGamma(double alpha)
    {
        if (alpha < 1)
            return NextGamma(alpha + 1) * Math.Pow(1 - NextDouble(), 1 / alpha);
        double d = alpha - (1.0 / 3),
            c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = NextNormal(),
                v = Math.Pow(1 + (c * x), 3);
            if (v > 0 && Math.Log(1 - NextDouble()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v)))
                return d * v;
        }
    }
}
