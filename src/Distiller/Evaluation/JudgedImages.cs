// Images as one or two models take them, a batch ahead of the forward pass.

using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;

namespace DataFreeKD.Distiller.Evaluation;

/// <summary>One image, or why there is none.</summary>
/// <param name="Place">Its place among the paths, from 0.</param>
/// <param name="Own">Normalised pixels <c>[3, S, S]</c> for the first model; null where it could not be had.</param>
/// <param name="Other">The same for the second model; null without one.</param>
/// <param name="Reason">Why it could not be had; null where it was.</param>
internal sealed record JudgedImage(int Place, float[]? Own, float[]? Other, string? Reason);

/// <summary>Reads, decodes and normalises.</summary>
internal static class JudgedImages
{
    /// <summary>Batches in the order of the paths. Decoding of the next one overlaps with what the caller does with this one.</summary>
    public static IEnumerable<JudgedImage[]> Batches(
        IEnumerable<string> paths,
        Preprocessing own,
        Preprocessing? other,
        int batchSize,
        int workers,
        CancellationToken cancel
    )
    {
        using IEnumerator<JudgedImage[]> batches = ImageInputs
            .Read(paths, cancel: cancel)
            .Index()
            .Chunk(batchSize)
            .Select(chunk =>
                chunk
                    .AsParallel()
                    .AsOrdered()
                    .WithDegreeOfParallelism(workers)
                    .WithCancellation(cancel)
                    .Select(pair => Decode(pair.Index, pair.Item, own, other))
                    .ToArray()
            )
            .GetEnumerator();
        Task<JudgedImage[]?> next = Task.Run(Advance, cancel);
        while (Blocking.Wait(next) is { } batch)
        {
            next = Task.Run(Advance, cancel);
            yield return batch;
        }

        JudgedImage[]? Advance() => batches.MoveNext() ? batches.Current : null;
    }

    /// <summary>Batches of images in memory.</summary>
    public static IEnumerable<JudgedImage[]> Batches(
        IEnumerable<MemoryImage> images,
        Preprocessing own,
        Preprocessing? other,
        int batchSize,
        int workers,
        CancellationToken cancel
    ) =>
        images
            .Index()
            .Chunk(batchSize)
            .Select(chunk =>
                chunk
                    .AsParallel()
                    .AsOrdered()
                    .WithDegreeOfParallelism(workers)
                    .WithCancellation(cancel)
                    .Select(pair => Of(pair.Index, pair.Item.Decode(), own, other))
                    .ToArray()
            );

    /// <summary>The images that could be had; the others are counted by reason.</summary>
    public static JudgedImage[] Usable(JudgedImage[] batch, Dictionary<string, long> skipped)
    {
        foreach (JudgedImage failed in batch.Where(image => image.Own is null))
            skipped[failed.Reason!] = skipped.GetValueOrDefault(failed.Reason!) + 1;
        return [.. batch.Where(image => image.Own is not null)];
    }

    /// <summary>Pixels <c>[B, 3, S, S]</c>, row-major.</summary>
    public static float[] Joined(JudgedImage[] batch, Func<JudgedImage, float[]> pixels)
    {
        int image = pixels(batch[0]).Length;
        float[] joined = new float[batch.Length * image];
        for (int i = 0; i < batch.Length; i++)
            pixels(batch[i]).CopyTo(joined, i * image);
        return joined;
    }

    /// <summary>Counts by reason, in words.</summary>
    public static string Reasons(IEnumerable<KeyValuePair<string, long>> skipped) =>
        string.Join(", ", skipped.Select(pair => $"{pair.Key}: {pair.Value}"));

    private static JudgedImage Decode(int place, ImageInput input, Preprocessing own, Preprocessing? other)
    {
        if (input.Bytes is null)
            return new JudgedImage(place, null, null, input.Reason ?? Reason.Unreadable);
        return Of(place, ImageDecoder.Decode(input.Bytes, DecodeLimits.Local), own, other);
    }

    private static JudgedImage Of(int place, DecodeResult decoded, Preprocessing own, Preprocessing? other)
    {
        if (decoded.Image is null)
            return new JudgedImage(place, null, null, decoded.Reason);
        float[] pixels = Pixels(decoded.Image, own);
        return new JudgedImage(
            place,
            pixels,
            other is null ? null
                : Same(own, other) ? pixels
                : Pixels(decoded.Image, other),
            null
        );
    }

    private static float[] Pixels(RgbImage image, Preprocessing transform)
    {
        float[] pixels = new float[3 * transform.ImageSize * transform.ImageSize];
        transform.Normalise(transform.Apply(image), pixels);
        return pixels;
    }

    // Record equality would compare the lists of channels by reference.
    private static bool Same(Preprocessing a, Preprocessing b) =>
        (a with { Mean = [], Std = [] }) == (b with { Mean = [], Std = [] }) && a.Mean.SequenceEqual(b.Mean) && a.Std.SequenceEqual(b.Std);
}
