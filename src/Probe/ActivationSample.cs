// A bounded, deterministic sample of a pool's activations, from which ReAct's clip is taken.

namespace DataFreeKD.Probe;

/// <summary>
/// Keeps the activations of images whose place among the inputs hashes below a bound; the bound halves whenever the sample is full.
/// What is kept depends on the places alone: not on batches, nor on how many images there are to come.
/// </summary>
/// <param name="capacity">Images at which the bound halves: from half of that to all of it are kept of a larger pool, and a smaller pool is kept whole.</param>
public sealed class ActivationSample(int capacity = 2048)
{
    private readonly List<(ulong Key, float[] Activations)> kept = [];
    private ulong bound = ulong.MaxValue;

    /// <summary>Images in the sample.</summary>
    public int Count => kept.Count;

    /// <summary>Whether the image at that place would be kept now. What is refused now is refused for ever.</summary>
    public bool Wants(long place) => Key(place) <= Volatile.Read(ref bound);

    /// <summary>Adds an image's activations, unless the sample does not want them. Places have to come in ascending order.</summary>
    public void Add(long place, float[] activations)
    {
        if (!Wants(place)) return;
        kept.Add((Key(place), activations));
        while (kept.Count >= capacity)
        {
            Volatile.Write(ref bound, bound / 2);
            kept.RemoveAll(image => image.Key > bound);
        }
    }

    /// <summary>A percentile, 0 to 100, of all numbers kept; between two of them in proportion (as NumPy's default). NaN of an empty sample.</summary>
    public double Percentile(double percent)
    {
        float[] all = [.. kept.SelectMany(image => image.Activations)];
        if (all.Length == 0) return double.NaN;
        Array.Sort(all);
        double place = percent / 100 * (all.Length - 1);
        int below = (int)place;
        double low = all[below], high = all[Math.Min(below + 1, all.Length - 1)];
        return low + ((high - low) * (place - below));
    }

    // SplitMix64's finaliser (Steele et al. 2014): neighbours get unrelated keys.
    private static ulong Key(long place)
    {
        ulong z = ((ulong)place + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
