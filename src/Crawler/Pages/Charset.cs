// Encodings by the names that pages and headers use.

using System.Text;

namespace DataFreeKD.Crawler.Pages;

internal static class Charset
{
    // Without it XML in a code page of old is unreadable, too.
    static Charset() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Makes code pages known to readers that look encodings up by themselves.</summary>
    public static void Register() { }

    /// <summary>The encoding; null where the name is absent or unknown.</summary>
    public static Encoding? Find(string? name)
    {
        string label = (name ?? "").Trim(' ', '"', '\'', '\t');
        // What calls itself Latin-1 or ASCII is read as its superset (WHATWG Encoding, section 4.2); UTF-7 hides tags, and is no encoding
        // of the web.
        if (label.ToUpperInvariant() is "ISO-8859-1" or "LATIN1" or "US-ASCII" or "ASCII")
            label = "windows-1252";
        if (label.Length == 0 || label.StartsWith("utf-7", StringComparison.OrdinalIgnoreCase))
            return null;
        try
        {
            return Encoding.GetEncoding(label);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
