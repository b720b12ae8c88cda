// A hash table over one substring of 64-bit hashes: entries with equal substrings are in one chain.

using System.Numerics;

namespace DataFreeKD.Manifests.Looks;

/// <summary>Heads and links of chains; entries are numbers 0, 1, 2, ... and a chain gives the newest first.</summary>
/// <param name="shift">Place of the substring's lowest bit.</param>
/// <param name="bits">Its length, 1–64.</param>
/// <param name="reach">How many of its bits may differ in a search.</param>
internal sealed class SubstringTable(int shift, int bits, int reach)
{
    private const int FirstBits = 12;

    // Entry + 1, so that fresh memory means none.
    private int[] heads = new int[1 << Math.Min(bits, FirstBits)];
    private readonly GrowingArray<int> links = new();

    /// <summary>What to flip in a hash so that its substring becomes each of those within reach, nothing first.</summary>
    public ulong[] Flips { get; } =
    [.. Enumerable.Range(0, reach + 1).SelectMany(count => Subsets(count, bits)).Select(subset => subset << shift)];

    /// <summary>The newest entry that may have the substring of <paramref name="hash"/>, + 1; 0 where there is none.</summary>
    public int Head(ulong hash) => heads[Bucket(hash)];

    /// <summary>The next older entry of a chain, + 1; takes an entry + 1.</summary>
    public int Older(int entry) => links[entry - 1];

    /// <summary>Adds the last of <paramref name="hashes"/>.</summary>
    public void Add(GrowingArray<ulong> hashes)
    {
        links.Add(0);
        int last = hashes.Count - 1;
        // A chain an entry long on average, as far as the substring's values go round.
        if (last >= heads.Length && BitOperations.Log2((uint)heads.Length) < Math.Min(bits, 30))
        {
            heads = new int[heads.Length * 2];
            for (int entry = 0; entry < last; entry++)
                Link(hashes[entry], entry);
        }
        Link(hashes[last], last);
    }

    private void Link(ulong hash, int entry)
    {
        ref int head = ref heads[Bucket(hash)];
        links[entry] = head;
        head = entry + 1;
    }

    private int Bucket(ulong hash)
    {
        ulong key = hash >> shift & (bits == 64 ? ulong.MaxValue : (1UL << bits) - 1);
        int wide = BitOperations.Log2((uint)heads.Length);
        return wide == bits ? (int)key : (int)(key * 0x9E3779B97F4A7C15 >> 64 - wide);
    }

    private static IEnumerable<ulong> Subsets(int count, int below)
    {
        if (count == 0)
            return [0UL];
        return Enumerable.Range(0, below).SelectMany(top => Subsets(count - 1, top).Select(rest => rest | 1UL << top));
    }
}
