// What a body is, by its first bytes; what the server calls it counts for text alone that they leave open.

using System.Buffers;
using System.Collections.Frozen;
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

    private static readonly string[] Pages = ["text/html", "application/xhtml+xml"];

    // Bytes that no text has (MIME Sniffing Standard, section 3).
    private static readonly SearchValues<byte> BinaryBytes = SearchValues.Create([
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        0x0b,
        0x0e,
        0x0f,
        0x10,
        0x11,
        0x12,
        0x13,
        0x14,
        0x15,
        0x16,
        0x17,
        0x18,
        0x19,
        0x1a,
        0x1c,
        0x1d,
        0x1e,
        0x1f,
    ]);

    // Those of the MIME Sniffing Standard (section 7.1) and all others of HTML: whatever else begins a text, no image begins so.
    private static readonly FrozenSet<string> HtmlElements = FrozenSet.Create(
        StringComparer.Ordinal,
        "html",
        "head",
        "body",
        "title",
        "meta",
        "link",
        "script",
        "noscript",
        "style",
        "base",
        "template",
        "slot",
        "div",
        "span",
        "p",
        "a",
        "b",
        "i",
        "u",
        "s",
        "em",
        "strong",
        "small",
        "big",
        "tt",
        "br",
        "hr",
        "wbr",
        "font",
        "center",
        "nobr",
        "marquee",
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "th",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hgroup",
        "header",
        "footer",
        "main",
        "nav",
        "section",
        "article",
        "aside",
        "address",
        "search",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "menu",
        "dir",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "q",
        "cite",
        "code",
        "kbd",
        "samp",
        "var",
        "abbr",
        "acronym",
        "dfn",
        "mark",
        "time",
        "data",
        "ins",
        "del",
        "sub",
        "sup",
        "bdi",
        "bdo",
        "ruby",
        "img",
        "picture",
        "source",
        "map",
        "area",
        "iframe",
        "frame",
        "frameset",
        "noframes",
        "object",
        "embed",
        "param",
        "applet",
        "audio",
        "video",
        "track",
        "canvas",
        "form",
        "fieldset",
        "legend",
        "label",
        "input",
        "button",
        "select",
        "option",
        "optgroup",
        "textarea",
        "output",
        "progress",
        "meter",
        "details",
        "summary",
        "dialog",
        "basefont",
        "bgsound",
        "isindex"
    );

    /// <summary>Which kind <paramref name="bytes"/> are.</summary>
    /// <param name="bytes">The body.</param>
    /// <param name="mediaType">What the server calls it: heeded only where the bytes are text that names no kind, which pages begin with
    /// that have no element at the start.</param>
    public static ContentKind Of(ReadOnlySpan<byte> bytes, string? mediaType = null)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
            return ContentKind.Gzip;
        ReadOnlySpan<byte> start = bytes[..Math.Min(bytes.Length, Window)];
        ContentKind kind = ByElement(FirstElement(Text(start), out bool xml), xml);
        bool calledPage =
            kind is ContentKind.Image or ContentKind.OtherXml
            && mediaType is not null
            && Pages.Any(page => mediaType.AsSpan().TrimStart().StartsWith(page, StringComparison.OrdinalIgnoreCase));
        return calledPage && !start.ContainsAny(BinaryBytes) ? ContentKind.Html : kind;
    }

    private static ContentKind ByElement(string? name, bool xml)
    {
        if (name is null)
            return ContentKind.Image;
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        return name[(colon + 1)..] switch
        {
            "svg" => ContentKind.Svg,
            "urlset" or "sitemapindex" => ContentKind.Sitemap,
            "rss" or "feed" or "rdf" => ContentKind.Feed,
            "!doctype html" or "" => ContentKind.Html,
            "html" => ContentKind.Html,
            // XML has elements called data, map and section of its own.
            var element => !xml && HtmlElements.Contains(element) ? ContentKind.Html : ContentKind.OtherXml,
        };
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]))
            return Encoding.Unicode.GetString(bytes[2..]);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]))
            return Encoding.BigEndianUnicode.GetString(bytes[2..]);
        return Encoding.Latin1.GetString(bytes.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]) ? bytes[3..] : bytes);
    }

    // The first element's name in lower case; null where the text is no markup.
    private static string? FirstElement(string text, out bool xml)
    {
        int at = 0;
        xml = false;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            ReadOnlySpan<char> rest = text.AsSpan(at);
            if (!rest.StartsWith('<'))
                return null;
            string? end =
                rest.StartsWith("<!--") ? "-->"
                : rest.StartsWith("<?") ? "?>"
                : rest.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase)
                && !rest.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
                    ? ">"
                : null;
            if (end is null)
                return Name(rest[1..]);
            xml |= rest.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase);
            int close = rest.IndexOf(end, StringComparison.Ordinal);
            // A comment longer than the window is still markup, and no image starts like this.
            if (close < 0)
                return rest.StartsWith("<!--") ? "" : "?";
            at += close + end.Length;
        }
    }

    private static string? Name(ReadOnlySpan<char> text)
    {
        if (text.StartsWith("!doctype html", StringComparison.OrdinalIgnoreCase))
            return "!doctype html";
        int length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] is ':' or '-' or '_'))
            length++;
        return length == 0 ? null : text[..length].ToString().ToLowerInvariant();
    }
}
