// Keys that occur more than once, exactly, in two passes and little memory.

namespace DataFreeKD.Reporting.Pool;

/// <summary>
/// Finds repeated keys: the first pass sets a bit a key (1 GiBit; only pages that are touched cost memory) and remembers the keys
/// whose bit was set already; the second counts those exactly. Memory grows with the repeated keys, not with the rows.
/// </summary>
/// <param name="most">Keys remembered at most; beyond them counts are lower bounds.</param>
internal sealed class RepeatFinder(int most = 4_000_000)
{
    private const int Bits = 30;

    private readonly Dictionary<UInt128, int> counts = [];
    private ulong[]? seen = new ulong[1 << (Bits - 6)];

    /// <summary>Whether there were more repeated keys than are remembered.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Keys that occur more than once.</summary>
    public long Groups => counts.LongCount(pair => pair.Value > 1);

    /// <summary>Rows beyond the first of each key.</summary>
    public long Extra => counts.Sum(pair => (long)Math.Max(0, pair.Value - 1));

    /// <summary>First pass; a key of 0 is none.</summary>
    public void Suspect(UInt128 key)
    {
        if (key == 0)
            return;
        int bit = (int)((ulong)key & ((1UL << Bits) - 1));
        ref ulong word = ref seen![bit >> 6];
        ulong mask = 1UL << (bit & 63);
        if ((word & mask) == 0)
            word |= mask;
        else if (counts.Count < most || counts.ContainsKey(key))
            counts[key] = 0;
        else
            Overflowed = true;
    }

    /// <summary>Second pass; gives whether the key was counted before.</summary>
    public bool Count(UInt128 key)
    {
        seen = null;
        if (key == 0 || !counts.TryGetValue(key, out int count))
            return false;
        counts[key] = count + 1;
        return count > 0;
    }

    /// <summary>The keys that occur most, and how often.</summary>
    public IReadOnlyList<(UInt128 Key, int Count)> Largest(int number) =>
        [
            .. counts
                .Where(pair => pair.Value > 1)
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key)
                .Take(number)
                .Select(pair => (pair.Key, pair.Value)),
        ];
}
