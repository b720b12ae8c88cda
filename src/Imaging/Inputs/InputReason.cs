// The short stable codes that tell why an input gave no bytes.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Values of <see cref="ImageInput.Reason"/>.</summary>
internal static class InputReason
{
    public const string Unreadable = "unreadable";
    public const string NotFound = "not_found";
    public const string Permission = "permission";
    public const string NotAFile = "not_a_file";
    public const string TooLarge = "too_large";
    public const string Empty = "empty";
    public const string UnsafePath = "unsafe_path";
    public const string Link = "link";
    public const string Truncated = "truncated";
    public const string Encrypted = "encrypted";
    public const string Overlapping = "overlapping_members";

    /// <summary>An archive within a folder or an archive: those are opened where they are named.</summary>
    public const string Archive = "archive";
}
