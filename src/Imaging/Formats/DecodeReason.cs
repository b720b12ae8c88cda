// The short stable codes that tell why a file gave no image.

namespace DataFreeKD.Imaging.Formats;

/// <summary>Values of <see cref="DecodeResult.Reason"/>.</summary>
internal static class DecodeReason
{
    public const string Empty = "empty";
    public const string UnknownFormat = "unknown_format";
    public const string TooLarge = "too_large";
    public const string TooManyPixels = "too_many_pixels";
    public const string TooManyScans = "too_many_scans";
    public const string TooSlow = "too_slow";
    public const string Truncated = "truncated";
    public const string DecodeError = "decode_error";

    /// <summary>A picture of a kind that is not decoded; its name follows a slash.</summary>
    public const string UnsupportedFormat = "unsupported_format";

    /// <summary>Something else; its name follows a slash.</summary>
    public const string NotAnImage = "not_an_image";
}
