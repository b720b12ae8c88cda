// The short stable codes that tell why an input gave no bytes.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Values of <see cref="ImageInput.Reason"/>.</summary>
internal static class InputReason
{
    public const string Unreadable = "unreadable";
    public const string TooLarge = "too_large";
    public const string Empty = "empty";
    public const string UnsafePath = "unsafe_path";
    public const string Link = "link";
    public const string Truncated = "truncated";
}
