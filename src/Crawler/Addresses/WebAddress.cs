// Text that should be a web address, from lists, pages and robots.txt.

namespace DataFreeKD.Crawler.Addresses;

/// <summary>Absolute http and https addresses without a fragment; anything else is null.</summary>
internal static class WebAddress
{
    // Longer ones are data, not addresses; servers refuse them.
    private const int LongestCharacters = 8 << 10;

    public static Uri? Parse(string text) =>
        Usable(text) && Uri.TryCreate(text.Trim(), UriKind.Absolute, out Uri? address) ? Web(address) : null;

    /// <summary>A reference as a page has it, line breaks and all.</summary>
    public static Uri? Resolve(Uri page, string? reference)
    {
        // Line breaks and tabs within an address are dropped, as browsers do (WHATWG URL, basic parser).
        string text = (reference ?? "").Trim().ReplaceLineEndings("").Replace("\t", "", StringComparison.Ordinal);
        return text.Length > 0 && Usable(text) && Uri.TryCreate(page, text, out Uri? address) ? Web(address) : null;
    }

    private static bool Usable(string text) => text.Length <= LongestCharacters;

    private static Uri? Web(Uri address)
    {
        if (
            !address.IsAbsoluteUri
            || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            || address.Host.Length == 0
        )
            return null;
        return address.Fragment.Length == 0 ? address : new Uri(address.GetLeftPart(UriPartial.Query));
    }
}
