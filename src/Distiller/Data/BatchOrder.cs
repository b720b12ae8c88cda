// Which images make up which step: one endless shuffled stream, a fresh order every epoch.

namespace DataFreeKD.Distiller.Data;

/// <summary>An image's turn.</summary>
/// <param name="Image">Index among the training images.</param>
/// <param name="Epoch">Pass over the data, from 0.</param>
internal readonly record struct Turn(int Image, int Epoch);

/// <summary>Order of the training images as a function of (seed, step). Batches run across the epochs' borders, so every image is seen equally often.</summary>
internal sealed class BatchOrder(int images, int batchSize, long seed)
{
    private readonly int[] order = [.. Enumerable.Range(0, images)];
    private int epoch = -1;

    /// <summary>The turns of step <paramref name="step"/> (from 0).</summary>
    public Turn[] At(long step)
    {
        Turn[] turns = new Turn[batchSize];
        for (int i = 0; i < batchSize; i++)
        {
            long position = (step * batchSize) + i;
            ShuffleFor((int)(position / images));
            turns[i] = new Turn(order[position % images], epoch);
        }
        return turns;
    }

    private void ShuffleFor(int wanted)
    {
        if (wanted == epoch) return;
        epoch = wanted;
        for (int i = 0; i < order.Length; i++) order[i] = i;
        new Randomness(seed, Purpose.Order, epoch).Shuffle(order);
    }
}
