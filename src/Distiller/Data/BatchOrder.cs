// Which images make up which step: one endless shuffled stream, a fresh order every pass.

namespace DataFreeKD.Distiller.Data;

/// <summary>An image's turn.</summary>
/// <param name="Image">Index among the training images.</param>
/// <param name="Epoch">Pass over the data, from 0; under a curriculum the first passes are shorter.</param>
internal readonly record struct Turn(int Image, int Epoch);

/// <summary>Order of the training images as a function of (seed, step). Batches run across the passes' borders, so every image of a pass is
/// seen equally often.</summary>
/// <param name="images">Training images.</param>
/// <param name="batchSize">Images a step.</param>
/// <param name="seed">Seed of the order.</param>
/// <param name="curriculum">How the passes grow; null for whole ones.</param>
internal sealed class BatchOrder(int images, int batchSize, long seed, Curriculum? curriculum = null)
{
    private readonly int[] order = new int[images];
    private int epoch = -1;
    private long start;
    private int size;

    /// <summary>The turns of step <paramref name="step"/> (from 0).</summary>
    public Turn[] At(long step)
    {
        Turn[] turns = new Turn[batchSize];
        for (int i = 0; i < batchSize; i++)
        {
            long position = (step * batchSize) + i;
            Reach(position);
            turns[i] = new Turn(order[position - start], epoch);
        }
        return turns;
    }

    private void Reach(long position)
    {
        if (position < start)
            (epoch, start, size) = (-1, 0, 0);
        if (epoch >= 0 && position < start + size)
            return;
        while (epoch < 0 || position >= start + size)
        {
            start += size;
            size = curriculum?.ImagesAt(start, images) ?? images;
            epoch++;
        }
        for (int i = 0; i < size; i++)
            order[i] = i;
        new Randomness(seed, Purpose.Order, epoch).Shuffle(order.AsSpan(0, size));
    }
}
