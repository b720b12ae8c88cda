// A bounded, deterministic sample of a pool, taken in one pass.

namespace DataFreeKD.Probe;

/// <summary>
/// Keeps what belongs to images whose place among the inputs hashes below a bound; the bound halves whenever the sample is full.
/// What is kept depends on the places alone: not on batches, nor on how many images there are to come.
/// </summary>
/// <param name="capacity">Images at which the bound halves: from half of that to all of it are kept of a larger pool, and a smaller pool is
/// kept whole.</param>
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
        if (!Wants(place))
            return;
        kept.Add((Key(place), item));
        while (kept.Count >= capacity)
        {
            Volatile.Write(ref bound, bound / 2);
            kept.RemoveAll(image => image.Key > bound);
        }
    }

    /// <summary>Neighbours get unrelated keys.</summary>
    public static ulong Key(long place) => SplitMix64.Mix(((ulong)place + 1) * SplitMix64.Step);
}
