// A small generator whose every draw is the same on every machine and for ever.

using System.Numerics;

namespace DataFreeKD.Imaging;

/// <summary>xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64. <see cref="System.Random"/> does not promise its sequence across versions; this one is fixed.</summary>
internal struct SeededRandom
{
    private ulong a, b, c, d;

    /// <summary>Any seed is good, 0 too.</summary>
    public SeededRandom(ulong seed)
    {
        a = SplitMix(ref seed);
        b = SplitMix(ref seed);
        c = SplitMix(ref seed);
        d = SplitMix(ref seed);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        ulong result = BitOperations.RotateLeft(b * 5, 7) * 9;
        ulong t = b << 17;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= t;
        d = BitOperations.RotateLeft(d, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double Between(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform in 0..<paramref name="count"/> − 1 (Lemire's multiply-shift; its bias is below 2⁻³² for the sizes of images).</summary>
    public int Below(int count) => (int)(((NextBits() >> 32) * (ulong)count) >> 32);

    private static ulong SplitMix(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
