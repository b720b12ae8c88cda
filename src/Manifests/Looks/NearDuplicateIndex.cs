// Finds the earliest image that looks like a new one among millions, without comparing all pairs.

using System.Numerics;

namespace DataFreeKD.Manifests.Looks;

/// <summary>
/// Multi-index hashing (Norouzi, Punjani and Fleet, 2014): a hash is cut into m substrings; hashes within radius r = m·q + a agree to q
/// bits in one of the first a + 1
/// substrings, or to q − 1 bits in one of the others. The chains of those few buckets are walked and every candidate is checked in full, so
/// that the answer is exact.
/// What counts is the order of adding, nothing else. About 30 bytes an image, 42 with colours. Not thread-safe.
/// </summary>
internal sealed class NearDuplicateIndex
{
    /// <summary>Of the radii 0 to 8 the one that bench/NearDuplicates found best: above it recall hardly grows, and distinct images begin
    /// to be taken for copies.</summary>
    public const int DefaultRadius = 4;

    /// <summary>Root mean square difference of two sketches, in levels of 255, that bench/NearDuplicates found best.</summary>
    public const double DefaultColourTolerance = 2;

    /// <summary>The largest radius that is searched.</summary>
    public const int LargestRadius = 8;

    private readonly int radius;
    private readonly double largestColourDistance;
    private readonly SubstringTable[] tables;
    private readonly int[] walk;
    private readonly GrowingArray<ulong> hashes = new();
    private readonly GrowingArray<long> ids = new();
    private readonly GrowingArray<ColourSketch>? colours;

    /// <summary>An empty index.</summary>
    /// <param name="radius">Bits in which hashes of near duplicates may differ, 0–8.</param>
    /// <param name="colourTolerance">Root mean square difference that the <see cref="ColourSketch"/>es of near duplicates may have, 0–255;
    /// null: hashes alone decide.</param>
    public NearDuplicateIndex(int radius = DefaultRadius, double? colourTolerance = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(radius);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(radius, LargestRadius);
        this.radius = radius;
        tables = Tables(radius);
        walk = new int[tables.Max(static table => table.Flips.Length)];
        if (colourTolerance is not { } tolerance)
            return;
        ArgumentOutOfRangeException.ThrowIfNegative(tolerance, nameof(colourTolerance));
        largestColourDistance = tolerance * tolerance * ColourSketch.Length;
        colours = new GrowingArray<ColourSketch>();
    }

    /// <summary>Images in the index.</summary>
    public int Count => hashes.Count;

    /// <summary>The id of the earliest added image within the radius; where there is none the image is added and the answer is
    /// null.</summary>
    /// <exception cref="InvalidOperationException">The index wants colours.</exception>
    public long? FindOrAdd(ulong hash, long id) =>
        colours is null
            ? FindOrAdd(hash, default, id)
            : throw new InvalidOperationException("this index compares colours: give the image's sketch");

    /// <summary>As the other overload; the colours count where the index was made with them.</summary>
    public long? FindOrAdd(ulong hash, in ColourSketch sketch, long id)
    {
        int earliest = int.MaxValue;
        foreach (SubstringTable table in tables)
            earliest = Math.Min(earliest, Earliest(table, hash, sketch, earliest));
        if (earliest != int.MaxValue)
            return ids[earliest];
        Add(hash, sketch, id);
        return null;
    }

    private int Earliest(SubstringTable table, ulong hash, in ColourSketch sketch, int earliest)
    {
        int live = 0;
        foreach (ulong flip in table.Flips)
        {
            int entry = table.Head(hash ^ flip);
            if (entry != 0)
                walk[live++] = entry;
        }
        // All chains a step at a time: their cache misses overlap.
        while (live > 0)
        {
            int left = 0;
            for (int i = 0; i < live; i++)
            {
                int entry = walk[i];
                int at = entry - 1;
                if (BitOperations.PopCount(hashes[at] ^ hash) <= radius && at < earliest && Alike(at, sketch))
                    earliest = at;
                int older = table.Older(entry);
                if (older != 0)
                    walk[left++] = older;
            }
            live = left;
        }
        return earliest;
    }

    private bool Alike(int at, in ColourSketch sketch) =>
        colours is null || ColourSketch.SquaredDistance(colours[at], sketch) <= largestColourDistance;

    private void Add(ulong hash, in ColourSketch sketch, long id)
    {
        hashes.Add(hash);
        ids.Add(id);
        colours?.Add(sketch);
        foreach (SubstringTable table in tables)
            table.Add(hashes);
    }

    private static SubstringTable[] Tables(int radius)
    {
        int m = Substrings(radius);
        (int q, int a) = Math.DivRem(radius, m);
        // The last substrings have no reach where q is 0 and i is past a; by the pigeonhole principle they are not needed then.
        return
        [
            .. Enumerable
                .Range(0, m)
                .Where(i => i <= a || q > 0)
                .Select(i => new SubstringTable(64 * i / m, 64 * (i + 1) / m - 64 * i / m, i <= a ? q : q - 1)),
        ];
    }

    // The fewest buckets and candidates for ten million hashes: 1 to 3 substrings, since a quarter of 64 bits has hundreds of hashes in
    // every bucket.
    private static int Substrings(int radius) =>
        radius switch
        {
            0 => 1,
            1 or 3 => 2,
            _ => 3,
        };
}
