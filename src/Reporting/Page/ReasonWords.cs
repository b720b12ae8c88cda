// The stable codes of statuses and reasons, in plain words.

namespace DataFreeKD.Reporting.Page;

/// <summary>Words for <c>status/reason</c>.</summary>
internal static class ReasonWords
{
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        [Reason.UnknownFormat] = "in no known image format",
        [Reason.Truncated] = "cut off in the middle",
        [Reason.Empty] = "empty",
        [Reason.DecodeError] = "damaged",
        [Reason.TooLarge] = "too large",
        [Reason.TooSmall] = "too small",
        [Reason.TooManyPixels] = "of too many pixels",
        [Reason.Unreadable] = "that could not be read",
        [Reason.UnsafePath] = "with an unsafe path in their archive",
        [Reason.Link] = "that are links",
        [Reason.SameContent] = "with the content of another",
        [Reason.NearDuplicate] = "that look like another",
        [Reason.Robots] = "that robots.txt keeps out",
        [Reason.NoAi] = "whose owner opted out",
        [Reason.Timeout] = "that did not come in time",
        [Reason.Unscored] = "without scores",
    };

    /// <summary><c>cut off in the middle</c> for <c>failed/truncated</c>; a code without words stands for itself.</summary>
    public static string InWords(string key)
    {
        int slash = key.IndexOf('/', StringComparison.Ordinal);
        string code = slash < 0 ? key : key[(slash + 1)..];
        return Words.GetValueOrDefault(code, Wording.Foreign(code));
    }
}
