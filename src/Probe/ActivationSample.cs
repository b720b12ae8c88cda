// A bounded, deterministic sample of a pool's activations, from which ReAct's clip is taken.

namespace DataFreeKD.Probe;

/// <summary>Activations of a sample of images, which depends on their places among the inputs alone.</summary>
/// <param name="capacity">From half of so many images to all of them are kept of a larger pool, and a smaller pool is kept whole.</param>
internal sealed class ActivationSample(int capacity = 2048)
{
    private readonly PlaceSample<float[]> sample = new(capacity);

    /// <summary>Images in the sample.</summary>
    public int Count => sample.Count;

    /// <summary>Whether the image at that place would be kept now. What is refused now is refused for ever.</summary>
    public bool Wants(long place) => sample.Wants(place);

    /// <summary>Adds an image's activations, unless the sample does not want them. Places have to come in ascending order.</summary>
    public void Add(long place, float[] activations) => sample.Add(place, activations);

    /// <summary>A percentile, 0 to 100, of all numbers kept; between two of them in proportion (as NumPy's default). NaN of an empty
    /// sample.</summary>
    public double Percentile(double percent)
    {
        float[] all = [.. sample.Items.SelectMany(activations => activations)];
        if (all.Length == 0)
            return double.NaN;
        Array.Sort(all);
        double place = percent / 100 * (all.Length - 1);
        int below = (int)place;
        double low = all[below],
            high = all[Math.Min(below + 1, all.Length - 1)];
        return low + ((high - low) * (place - below));
    }
}
