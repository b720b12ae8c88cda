// An image between decoding and the forward pass.

using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Corruptions;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>A decoded, normalised image, or why there is none. <c>Pixels</c> is rented and holds at least 3·S·S floats.</summary>
internal sealed record DecodedInput(ScoreInput Input, string Sha256, int Width, int Height, float[]? Pixels, string? Reason)
{
    /// <param name="input">The file.</param>
    /// <param name="transform">How the teacher sees it.</param>
    /// <param name="fast">Whether a JPEG may be decoded at a reduced scale; width and height are still the file's.</param>
    public static DecodedInput From(ScoreInput input, Preprocessing transform, bool fast = false)
    {
        if (input is { Copy: true, Sha256: { } known })
            return new DecodedInput(input, known, 0, 0, null, null);
        if (input.Pixels is { } given)
            return new DecodedInput(
                input,
                Convert.ToHexStringLower(SHA256.HashData(given.Pixels)),
                given.Width,
                given.Height,
                Normalised(input, given, transform),
                null
            );
        if (input.Image.Bytes is not { } bytes)
            return new DecodedInput(input, "", 0, 0, null, input.Image.Reason ?? Core.Reason.Unreadable);
        string sha256 = input.Sha256 ?? Convert.ToHexStringLower(SHA256.HashData(bytes));
        (RgbImage? image, int width, int height, string? reason) = Decode(bytes, fast ? transform.LeastSide() : null);
        if (image is null)
            return new DecodedInput(Released(input), sha256, 0, 0, null, reason);
        return new DecodedInput(Released(input), sha256, width, height, Normalised(input, image, transform), null);
    }

    /// <summary>Decoded images as one tensor, <c>[B, 3, S, S]</c>; what was rented for them is given back.</summary>
    /// <param name="images">Images that could be decoded.</param>
    /// <param name="side">S.</param>
    public static Tensor Batch(IReadOnlyList<DecodedInput> images, int side)
    {
        int length = 3 * side * side;
        Tensor batch = empty(images.Count, 3, side, side);
        Span<byte> bytes = batch.bytes;
        for (int i = 0; i < images.Count; i++)
        {
            float[] pixels = images[i].Pixels!;
            MemoryMarshal.AsBytes(pixels.AsSpan(0, length)).CopyTo(bytes[(i * length * sizeof(float))..]);
            ArrayPool<float>.Shared.Return(pixels);
        }
        return batch;
    }

    private static float[] Normalised(ScoreInput input, RgbImage image, Preprocessing transform)
    {
        int length = 3 * transform.ImageSize * transform.ImageSize;
        float[] pixels = ArrayPool<float>.Shared.Rent(length);
        RgbImage seen = transform.Apply(image);
        if (input.Spoilt is { } kind)
            seen = CorruptedImage.Of(seen, kind, (ulong)input.Place);
        transform.Normalise(seen, pixels.AsSpan(0, length));
        return pixels;
    }

    private static (RgbImage? Image, int Width, int Height, string? Reason) Decode(byte[] bytes, int? leastSide)
    {
        if (leastSide is { } least)
        {
            GlanceResult seen = ImageDecoder.Glance(bytes, least, DecodeLimits.Local);
            return (seen.Copy, seen.Width, seen.Height, seen.Reason);
        }
        DecodeResult decoded = ImageDecoder.Decode(bytes, DecodeLimits.Local);
        return (decoded.Image, decoded.Image?.Width ?? 0, decoded.Image?.Height ?? 0, decoded.Reason);
    }

    // The file's bytes are not needed past decoding: a queue of decoded images must not keep them alive.
    private static ScoreInput Released(ScoreInput input)
    {
        input.Image.Release();
        return input;
    }
}

/// <summary>An image with its figures; none where it could not be decoded, where a cascade dropped it, or of a copy.</summary>
internal sealed record ScoredInput(DecodedInput Image, ImageScores? Scores)
{
    /// <summary>Whether a cascade dropped it.</summary>
    public bool Dropped => Scores is null && Image.Reason is null && !Image.Input.Copy;
}
