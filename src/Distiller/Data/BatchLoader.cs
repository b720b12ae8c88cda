// Training batches, augmented and normalised one step ahead on another thread while the models compute.

using System.Buffers;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Data;

/// <summary>Which images of every batch a process takes.</summary>
/// <param name="First">Place of the first one in the batch.</param>
/// <param name="Count">How many.</param>
internal readonly record struct BatchShare(int First, int Count);

/// <summary>One batch, or a process's share of it.</summary>
/// <param name="Pixels"><c>[B, 3, S, S]</c> floats on the device.</param>
/// <param name="Images">Slot of each image in the pixel store.</param>
/// <param name="Epoch">Epoch of the last image.</param>
internal sealed record Batch(torch.Tensor Pixels, int[] Images, int Epoch)
{
    /// <summary>Position of the first image in the endless stream of all batches.</summary>
    public required long Start { get; init; }

    /// <summary>Seed of each image's augmentation.</summary>
    public required ulong[] Seeds { get; init; }

    /// <summary>Place of the first image in its step's batch.</summary>
    public int First { get; init; }

    /// <summary>Slot of the image that each one may be mixed with.</summary>
    public int[] Partners { get; init; } = [.. Enumerable.Reverse(Images)];

    /// <summary>Their pixels, where they are not the images in reverse.</summary>
    public torch.Tensor? PartnerPixels { get; init; }

    /// <summary>Some of its images, which are still what they are in the whole batch.</summary>
    public Batch Part(int from, int count) =>
        this with
        {
            Pixels = Pixels.narrow(0, from, count),
            Images = Images[from..(from + count)],
            Partners = Partners[from..(from + count)],
            PartnerPixels = null,
            First = First + from,
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
    private readonly BatchShare share;
    private readonly int[] places;
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
        int to,
        BatchShare? share = null
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
        this.share = share ?? new BatchShare(0, options.BatchSize);
        places = [.. Enumerable.Range(this.share.First, this.share.Count)];
        // Of a whole batch the partners are the images themselves.
        if (Mixing.IsOn(options) && this.share.Count < options.BatchSize)
            places = [.. places, .. places.Select(place => options.BatchSize - 1 - place)];
        int floats = checked(places.Length * 3 * augmentation.ImageSize * augmentation.ImageSize);
        buffers = [new float[floats], new float[floats]];
        Prepare(step = from);
    }

    /// <summary>The next step's batch. Its pixels belong to the caller's dispose scope.</summary>
    public Batch Next()
    {
        Turn[] turns = Blocking.Wait(next ?? throw new InvalidOperationException("no step is left"));
        float[] ready = buffers[step % 2];
        long start = ((long)step * options.BatchSize) + share.First;
        Prepare(++step);
        torch.Tensor pixels = Upload.To(torch.tensor(ready, [places.Length, 3, augmentation.ImageSize, augmentation.ImageSize]), device);
        Turn[] own = turns[share.First..(share.First + share.Count)];
        return new Batch(pixels.narrow(0, 0, share.Count), [.. own.Select(turn => train[turn.Image])], turns[^1].Epoch)
        {
            First = share.First,
            Start = start,
            Seeds = [.. own.Select(SeedOf)],
            Partners = [.. Enumerable.Range(0, own.Length).Select(i => train[turns[^(share.First + i + 1)].Image])],
            PartnerPixels = places.Length > share.Count ? pixels.narrow(0, share.Count, share.Count) : null,
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
        int workers = (long)bytes * places.Length < 8 << 20 ? 1 : options.Workers;
        Parallel.For(0, workers, worker =>
        {
            byte[] source = ArrayPool<byte>.Shared.Rent(store.ImageBytes),
                pixels = ArrayPool<byte>.Shared.Rent(bytes);
            for (int i = worker; i < places.Length; i += workers)
            {
                Turn turn = turns[places[i]];
                store.Read(train[turn.Image], source);
                augmentation.Apply(source.AsSpan(0, store.ImageBytes), store.Side, SeedOf(turn), pixels.AsSpan(0, bytes));
                normaliser.Apply(pixels.AsSpan(0, bytes), destination.AsSpan(i * bytes, bytes));
            }
            ArrayPool<byte>.Shared.Return(source);
            ArrayPool<byte>.Shared.Return(pixels);
        });
        return turns;
    }
}
