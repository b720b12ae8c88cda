// The short stable codes that tell why a file gave no image.

namespace DataFreeKD.Imaging.Formats;

/// <summary>Values of <see cref="DecodeResult.Reason"/>.</summary>
internal static class DecodeReason
{
    public const string Empty = "empty";
    public const string UnknownFormat = "unknown_format";
    public const string TooLarge = "too_large";
    public const string TooManyPixels = "too_many_pixels";
    public const string Truncated = "truncated";
    public const string DecodeError = "decode_error";
}
