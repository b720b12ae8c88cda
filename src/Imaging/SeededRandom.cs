// A small generator whose every draw is the same on every machine and for ever.

using System.Numerics;

namespace DataFreeKD.Imaging;

/// <summary>xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64. <see cref="System.Random"/> does not promise its sequence across
/// versions; this one is fixed.</summary>
internal struct SeededRandom
{
    private ulong a,
        b,
        c,
        d;

    /// <summary>Any seed is good, 0 too.</summary>
    public SeededRandom(ulong seed)
    {
        a = SplitMix64.Next(ref seed);
        b = SplitMix64.Next(ref seed);
        c = SplitMix64.Next(ref seed);
        d = SplitMix64.Next(ref seed);
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

    /// <summary>Uniform in 0..<paramref name="count"/> − 1 (Lemire's multiply-shift; its bias is below 2⁻³² for the sizes of
    /// images).</summary>
    public int Below(int count) => (int)(((NextBits() >> 32) * (ulong)count) >> 32);
}
