// A bounded sample of a stream, every row with the same chance (Vitter's algorithm R), the same for the same seed.

namespace DataFreeKD.Selector.Ranking;

/// <summary>Keeps up to a fixed number of rows of numbers.</summary>
internal sealed class Reservoir(int columns, int capacity, long seed)
{
    private readonly List<double>[] kept = [.. Enumerable.Range(0, columns).Select(_ => new List<double>())];
    private long seen;

    public void Add(ReadOnlySpan<double> row)
    {
        seen++;
        if (seen <= capacity)
        {
            for (int column = 0; column < kept.Length; column++)
                kept[column].Add(row[column]);
            return;
        }
        ulong draw = SplitMix64.Hash((ulong)seed ^ SplitMix64.Hash((ulong)seen));
        // The high half of the product is uniform in [0, seen).
        ulong place = Math.BigMul(draw, (ulong)seen, out _);
        if (place >= (ulong)capacity)
            return;
        for (int column = 0; column < kept.Length; column++)
            kept[column][(int)place] = row[column];
    }

    public IReadOnlyList<double[]> Sample() => [.. kept.Select(column => column.ToArray())];
}
