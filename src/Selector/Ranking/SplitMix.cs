// The mixing function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same numbers on every machine and runtime.

namespace DataFreeKD.Selector.Ranking;

/// <summary>Deterministic 64-bit mixing.</summary>
internal static class SplitMix
{
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
