// The mixing of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers on every machine and runtime.

namespace DataFreeKD.Core;

/// <summary>Random bits by SplitMix64. Its outputs are fixed for ever: selections, augmentations and training orders depend on
/// them.</summary>
internal static class SplitMix64
{
    /// <summary>The step between two states: 2⁶⁴ divided by the golden ratio, made odd.</summary>
    public const ulong Step = 0x9E3779B97F4A7C15;

    /// <summary>Spreads the bits of a number over all of its 64; one to one, and 0 stays 0.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>A hash of a number: the first draw of the generator that starts there.</summary>
    public static ulong Hash(ulong value) => Mix(value + Step);

    /// <summary>The generator's next draw.</summary>
    public static ulong Next(ref ulong state) => Mix(state += Step);
}
