// A bounded, deterministic sample of a pool, taken in one pass.

namespace DataFreeKD.Probe;

/// <summary>
/// Keeps what belongs to images whose place among the inputs hashes below a bound; the bound halves whenever the sample is full.
/// What is kept depends on the places alone: not on batches, nor on how many images there are to come.
/// </summary>
/// <param name="capacity">Images at which the bound halves: from half of that to all of it are kept of a larger pool, and a smaller pool is kept whole.</param>
internal sealed class PlaceSample<T>(int capacity)
{
    private readonly List<(ulong Key, T Item)> kept = [];
    private ulong bound = ulong.MaxValue;

    /// <summary>What is kept, in the order of places.</summary>
    public IEnumerable<T> Items => kept.Select(image => image.Item);

    /// <summary>How many are kept.</summary>
    public int Count => kept.Count;

    /// <summary>Whether the image at that place would be kept now. What is refused now is refused for ever.</summary>
    public bool Wants(long place) => Key(place) <= Volatile.Read(ref bound);

    /// <summary>Adds what belongs to an image, unless the sample does not want it. Places have to come in ascending order.</summary>
    public void Add(long place, T item)
    {
        if (!Wants(place)) return;
        kept.Add((Key(place), item));
        while (kept.Count >= capacity)
        {
            Volatile.Write(ref bound, bound / 2);
            kept.RemoveAll(image => image.Key > bound);
        }
    }

    /// <summary>SplitMix64's finaliser (Steele et al. 2014): neighbours get unrelated keys.</summary>
    public static ulong Key(long place)
    {
        ulong z = ((ulong)place + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
