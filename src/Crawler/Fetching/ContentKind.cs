// What a body is, by its first bytes; what the server calls it does not count.

using System.Text;

namespace DataFreeKD.Crawler.Fetching;

internal enum ContentKind
{
    /// <summary>An image, or nothing known: the decoder says.</summary>
    Image,
    Html,
    Sitemap,
    Feed,
    Svg,
    OtherXml,
    Gzip,
}

internal static class ContentSniffer
{
    /// <summary>Bytes looked at: comments and white space may come before the first element.</summary>
    private const int Window = 4096;

    private static readonly string[] HtmlElements = ["html", "head", "body", "title", "meta", "link", "script", "style", "div", "p", "a", "table", "h1", "iframe", "img", "br", "span", "b", "font", "form", "center"];

    public static ContentKind Of(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b])) return ContentKind.Gzip;
        string? name = FirstElement(Text(bytes[..Math.Min(bytes.Length, Window)]));
        if (name is null) return ContentKind.Image;
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        return name[(colon + 1)..] switch
        {
            "svg" => ContentKind.Svg,
            "urlset" or "sitemapindex" => ContentKind.Sitemap,
            "rss" or "feed" or "rdf" => ContentKind.Feed,
            "!doctype html" => ContentKind.Html,
            var element => HtmlElements.Contains(element) ? ContentKind.Html : ContentKind.OtherXml,
        };
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe])) return Encoding.Unicode.GetString(bytes[2..]);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff])) return Encoding.BigEndianUnicode.GetString(bytes[2..]);
        return Encoding.Latin1.GetString(bytes.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]) ? bytes[3..] : bytes);
    }

    // The first element's name in lower case; null where the text is no markup.
    private static string? FirstElement(string text)
    {
        int at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
            ReadOnlySpan<char> rest = text.AsSpan(at);
            if (!rest.StartsWith('<')) return null;
            string? end = rest.StartsWith("<!--") ? "-->" : rest.StartsWith("<?") ? "?>" : rest.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase) && !rest.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) ? ">" : null;
            if (end is null) return Name(rest[1..]);
            int close = rest.IndexOf(end, StringComparison.Ordinal);
            // An endless comment is still markup, and no image starts like this.
            if (close < 0) return "";
            at += close + end.Length;
        }
    }

    private static string? Name(ReadOnlySpan<char> text)
    {
        if (text.StartsWith("!doctype html", StringComparison.OrdinalIgnoreCase)) return "!doctype html";
        int length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] is ':' or '-' or '_')) length++;
        return length == 0 ? null : text[..length].ToString().ToLowerInvariant();
    }
}
