// Paths to pixels: read in order, decoded and resized on every worker.

using System.Collections.Concurrent;
using System.Diagnostics;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;

namespace DataFreeKD.Distiller.Data;

/// <summary>Decoded images and what became of each path.</summary>
/// <param name="Store">Pixels; the slot is the path's index.</param>
/// <param name="Usable">Indices whose image could be had, ascending.</param>
/// <param name="Skipped">How many could not, by reason.</param>
internal sealed record LoadedPixels(PixelStore Store, int[] Usable, IReadOnlyDictionary<string, long> Skipped)
{
    /// <summary>From the reason of each slot, null where its image is there.</summary>
    public static LoadedPixels Of(PixelStore store, IReadOnlyList<string?> reasons) =>
        new(
            store,
            [.. Enumerable.Range(0, reasons.Count).Where(slot => reasons[slot] is null)],
            reasons
                .OfType<string>()
                .CountBy(reason => reason)
                .ToDictionary(pair => pair.Key, pair => (long)pair.Value, StringComparer.Ordinal)
        );
}

/// <summary>Fills a pixel store.</summary>
internal static class PixelLoader
{
    /// <summary>Reads every path; the outcome hangs on the contents alone, not on the workers.</summary>
    public static LoadedPixels Load(
        IReadOnlyList<string> paths,
        Preprocessing transform,
        int workers,
        long maxMemory,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        ILookup<string, int> slots = Enumerable.Range(0, paths.Count).ToLookup(slot => paths[slot], StringComparer.Ordinal);
        string?[] reasons = new string?[paths.Count];
        Array.Fill(reasons, "missing");
        PixelStore store = new(paths.Count, transform.ImageSize, maxMemory);
        Stopwatch clock = Stopwatch.StartNew();
        long done = 0;
        ParallelOptions options = new() { MaxDegreeOfParallelism = workers, CancellationToken = cancel };
        try
        {
            Parallel.ForEach(
                Partitioner.Create(ImageInputs.Read(ReadingOrder(slots), cancel: cancel), EnumerablePartitionerOptions.NoBuffering),
                options,
                input =>
                {
                    string? reason = input.Reason;
                    if (input.Bytes is not null)
                    {
                        DecodeResult decoded = ImageDecoder.Decode(input.Bytes, DecodeLimits.Local);
                        reason = decoded.Reason;
                        if (decoded.Image is not null)
                        {
                            byte[] pixels = transform.Apply(decoded.Image).Pixels;
                            foreach (int slot in slots[input.Path])
                                store.Write(slot, pixels);
                        }
                    }
                    foreach (int slot in slots[input.Path])
                        reasons[slot] = reason;
                    long count = Interlocked.Increment(ref done);
                    if (count % 1000 == 0)
                        progress?.Report(
                            new TrainProgress
                            {
                                Phase = "decode",
                                Done = count,
                                Total = slots.Count,
                                ImagesPerSecond = count / clock.Elapsed.TotalSeconds,
                            }
                        );
                }
            );
        }
        catch
        {
            store.Dispose();
            throw;
        }
        return LoadedPixels.Of(store, reasons);
    }

    /// <summary>The same of images in memory.</summary>
    public static LoadedPixels Load(IReadOnlyList<MemoryImage> images, Preprocessing transform, int workers, CancellationToken cancel)
    {
        string?[] reasons = new string?[images.Count];
        PixelStore store = new(images.Count, transform.ImageSize, long.MaxValue);
        try
        {
            Parallel.For(0, images.Count, new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancel }, slot =>
            {
                DecodeResult decoded = images[slot].Decode();
                reasons[slot] = decoded.Reason;
                if (decoded.Image is not null)
                    store.Write(slot, transform.Apply(decoded.Image).Pixels);
            });
        }
        catch
        {
            store.Dispose();
            throw;
        }
        return LoadedPixels.Of(store, reasons);
    }

    // Members of one archive stand together, so that each archive is streamed once.
    private static IEnumerable<string> ReadingOrder(ILookup<string, int> slots) =>
        slots.Select(group => group.Key).Order(StringComparer.Ordinal);
}
