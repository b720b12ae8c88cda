// Training batches, augmented and normalised one step ahead on another thread while the models compute.

using System.Buffers;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Data;

/// <summary>One batch.</summary>
/// <param name="Pixels"><c>[B, 3, S, S]</c> floats on the device.</param>
/// <param name="Images">Slot of each image in the pixel store.</param>
/// <param name="Epoch">Epoch of the last image.</param>
internal sealed record Batch(torch.Tensor Pixels, int[] Images, int Epoch)
{
    /// <summary>Position of the first image in the endless stream of all batches.</summary>
    public required long Start { get; init; }

    /// <summary>Seed of each image's augmentation.</summary>
    public required ulong[] Seeds { get; init; }

    /// <summary>Slot of the image that each one may be mixed with.</summary>
    public int[] Partners { get; private init; } = [.. Enumerable.Reverse(Images)];

    /// <summary>Some of its images, which are still what they are in the whole batch.</summary>
    public Batch Part(int from, int count) =>
        this with
        {
            Pixels = Pixels.narrow(0, from, count),
            Images = Images[from..(from + count)],
            Partners = Partners[from..(from + count)],
            Start = Start + from,
            Seeds = Seeds[from..(from + count)],
        };
}

/// <summary>Gives the batches of the steps <c>from</c> (inclusive) to <c>to</c> (exclusive), in order.</summary>
internal sealed class BatchLoader : IDisposable
{
    private readonly PixelStore store;
    private readonly int[] train;
    private readonly Augmentation augmentation;
    private readonly PixelNormaliser normaliser;
    private readonly BatchOptions options;
    private readonly torch.Device device;
    private readonly BatchOrder order;
    private readonly float[][] buffers;
    private readonly int to;
    private int step;
    private Task<Turn[]>? next;

    public BatchLoader(
        PixelStore store,
        int[] train,
        Augmentation augmentation,
        PixelNormaliser normaliser,
        BatchOptions options,
        torch.Device device,
        int from,
        int to
    )
    {
        (this.store, this.train, this.augmentation, this.normaliser, this.options, this.device, this.to) = (
            store,
            train,
            augmentation,
            normaliser,
            options,
            device,
            to
        );
        order = new BatchOrder(train.Length, options.BatchSize, options.StreamSeed, Curriculum.Of(options));
        int floats = checked(options.BatchSize * 3 * augmentation.ImageSize * augmentation.ImageSize);
        buffers = [new float[floats], new float[floats]];
        Prepare(step = from);
    }

    /// <summary>The next step's batch. Its pixels belong to the caller's dispose scope.</summary>
    public Batch Next()
    {
        Turn[] turns = Blocking.Wait(next ?? throw new InvalidOperationException("no step is left"));
        float[] ready = buffers[step % 2];
        long start = (long)step * options.BatchSize;
        Prepare(++step);
        torch.Tensor pixels = Upload.To(
            torch.tensor(ready, [options.BatchSize, 3, augmentation.ImageSize, augmentation.ImageSize]),
            device
        );
        return new Batch(pixels, [.. turns.Select(turn => train[turn.Image])], turns[^1].Epoch)
        {
            Start = start,
            Seeds = [.. turns.Select(SeedOf)],
        };
    }

    /// <summary>Waits for the worker, so that a run that stops early leaves none reading pixels that are about to go.</summary>
    public void Dispose() => ((IAsyncResult?)next)?.AsyncWaitHandle.WaitOne();

    private void Prepare(int wanted) => next = wanted < to ? Task.Run(() => Fill(wanted, buffers[wanted % 2])) : null;

    private ulong SeedOf(Turn turn) => new Randomness(options.StreamSeed, Purpose.Augmentation, turn.Epoch, train[turn.Image]).Next();

    private Turn[] Fill(int step, float[] destination)
    {
        Turn[] turns = order.At(step);
        int side = augmentation.ImageSize,
            bytes = side * side * 3;
        // A small batch is done sooner by one thread than by waking the others.
        int workers = (long)bytes * turns.Length < 8 << 20 ? 1 : options.Workers;
        Parallel.For(0, workers, worker =>
        {
            byte[] source = ArrayPool<byte>.Shared.Rent(store.ImageBytes),
                pixels = ArrayPool<byte>.Shared.Rent(bytes);
            for (int i = worker; i < turns.Length; i += workers)
            {
                int slot = train[turns[i].Image];
                store.Read(slot, source);
                augmentation.Apply(source.AsSpan(0, store.ImageBytes), store.Side, SeedOf(turns[i]), pixels.AsSpan(0, bytes));
                normaliser.Apply(pixels.AsSpan(0, bytes), destination.AsSpan(i * bytes, bytes));
            }
            ArrayPool<byte>.Shared.Return(source);
            ArrayPool<byte>.Shared.Return(pixels);
        });
        return turns;
    }
}
