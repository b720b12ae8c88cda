// The stable codes of statuses and reasons, in plain words.

namespace DataFreeKD.Reporting.Page;

/// <summary>Words for <c>status/reason</c>.</summary>
internal static class Reason
{
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["unknown_format"] = "in no known image format",
        ["truncated"] = "cut off in the middle",
        ["empty"] = "empty",
        ["decode_error"] = "damaged",
        ["too_large"] = "too large",
        ["too_small"] = "too small",
        ["too_many_pixels"] = "of too many pixels",
        ["unreadable"] = "that could not be read",
        ["unsafe_path"] = "with an unsafe path in their archive",
        ["link"] = "that are links",
        ["same_content"] = "with the content of another",
        ["near_duplicate"] = "that look like another",
        ["robots"] = "that robots.txt keeps out",
        ["noai"] = "whose owner opted out",
        ["timeout"] = "that did not come in time",
        ["unscored"] = "without scores",
    };

    /// <summary><c>cut off in the middle</c> for <c>failed/truncated</c>; a code without words stands for itself.</summary>
    public static string InWords(string key)
    {
        int slash = key.IndexOf('/', StringComparison.Ordinal);
        string code = slash < 0 ? key : key[(slash + 1)..];
        return Words.GetValueOrDefault(code, Wording.Foreign(code));
    }
}
