// An image between decoding and the forward pass.

using System.Buffers;
using System.Security.Cryptography;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Corruptions;

namespace DataFreeKD.Probe;

/// <summary>A decoded, normalised image, or why there is none. <c>Pixels</c> is rented and holds at least 3·S·S floats.</summary>
internal sealed record DecodedInput(ScoreInput Input, string Sha256, int Width, int Height, float[]? Pixels, string? Reason)
{
    public static DecodedInput From(ScoreInput input, EvalTransform transform)
    {
        if (input.Image.Bytes is not { } bytes) return new DecodedInput(input, "", 0, 0, null, input.Image.Reason ?? "unreadable");
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        DecodeResult decoded = ImageDecoder.Decode(bytes);
        if (decoded.Image is not { } image) return new DecodedInput(Released(input), sha256, 0, 0, null, decoded.Reason);
        int length = 3 * transform.ImageSize * transform.ImageSize;
        float[] pixels = ArrayPool<float>.Shared.Rent(length);
        RgbImage seen = transform.Apply(image);
        if (input.Spoilt is { } kind) seen = CorruptedCopy.Of(seen, kind, (ulong)input.Place);
        transform.Normalise(seen, pixels.AsSpan(0, length));
        return new DecodedInput(Released(input), sha256, image.Width, image.Height, pixels, null);
    }

    // The file's bytes are not needed past decoding: a queue of decoded images must not keep them alive.
    private static ScoreInput Released(ScoreInput input) => input with { Image = input.Image with { Bytes = [] } };
}
