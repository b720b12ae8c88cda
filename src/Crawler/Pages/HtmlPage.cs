// The images and links of an HTML page.

using System.Buffers;
using System.Text;
using AngleSharp.Html;
using AngleSharp.Html.Parser;
using AngleSharp.Html.Parser.Tokens;
using AngleSharp.Text;

namespace DataFreeKD.Crawler.Pages;

/// <summary>
/// Reads a page's tags as they stream by. No tree is built: links need none, and the cost stays linear however deep a hostile page nests.
/// </summary>
internal static class HtmlPage
{
    // Where a page's head says what it is encoded in (HTML, "prescan a byte stream"; browsers look no further either).
    private const int HeadBytes = 1024;
    private static readonly SearchValues<char> CharsetEnds = SearchValues.Create(" \t\r\n\"';/>");

    /// <summary>Reads a page. Whatever it holds, it is a page: only the stream can fail.</summary>
    /// <param name="html">The page, decompressed and capped by the caller.</param>
    /// <param name="address">Where it came from.</param>
    /// <param name="charset">From the Content-Type header; null or an unknown one leaves it to the page.</param>
    /// <param name="productToken">The crawler's name, for meta elements that address it.</param>
    public static PageLinks Read(Stream html, Uri address, string? charset, string productToken)
    {
        using MemoryStream page = new();
        html.CopyTo(page);
        string head = Encoding.Latin1.GetString(page.GetBuffer(), 0, (int)Math.Min(page.Length, HeadBytes));
        Encoding encoding = Charset.Find(charset) ?? Charset.Find(DeclaredCharset(head)) ?? Encoding.UTF8;
        page.Position = 0;
        // A byte order mark outranks both.
        using StreamReader reader = new(page, encoding, detectEncodingFromByteOrderMarks: true);
        return Read(reader.ReadToEnd(), address, productToken);
    }

    /// <summary>The images in a piece of HTML, as feeds have them.</summary>
    public static IReadOnlyList<Uri> Images(string html, Uri address) => Read(html, address, productToken: "").Images;

    private static PageLinks Read(string html, Uri address, string productToken)
    {
        PageTags page = new(productToken);
        using TextSource source = new(html);
        using HtmlTokenizer tokens = new(source, HtmlEntityProvider.Resolver)
        {
            SkipComments = true,
            SkipDataText = true,
            SkipRawText = true,
            SkipScriptText = true,
            SkipRCDataText = true,
        };
        for (HtmlToken token = tokens.Get(); token.Type != HtmlTokenType.EndOfFile; token = tokens.Get())
        {
            if (token.Type != HtmlTokenType.StartTag)
                continue;
            HtmlTagToken tag = token.AsTag();
            page.Add(tag);
            // Drawings close theirs at once; then no text follows.
            if (!tag.IsSelfClosing)
                tokens.State = Content(tag.Name);
        }
        return page.Links(address);
    }

    /// <summary>How the text after a tag is read; within noscript, as a crawler without scripts sees it.</summary>
    private static HtmlParseMode Content(string tag) =>
        tag switch
        {
            "script" => HtmlParseMode.Script,
            "style" or "xmp" or "iframe" or "noembed" or "noframes" => HtmlParseMode.Rawtext,
            "title" or "textarea" => HtmlParseMode.RCData,
            "plaintext" => HtmlParseMode.Plaintext,
            _ => HtmlParseMode.PCData,
        };

    private static string? DeclaredCharset(string head)
    {
        int at = head.IndexOf("charset", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return null;
        ReadOnlySpan<char> rest = head.AsSpan(at + "charset".Length).TrimStart();
        if (!rest.StartsWith("="))
            return null;
        rest = rest[1..].TrimStart(" \t\"'");
        int end = rest.IndexOfAny(CharsetEnds);
        return end < 0 ? null : rest[..end].ToString();
    }
}
