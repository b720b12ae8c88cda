// Streaming over XML from newHosts: no document type, no entities, nothing fetched, a cap, and what stands before an error counts.

using System.Xml;

namespace DataFreeKD.Crawler.Pages;

internal static class XmlPage
{
    // The sitemap protocol's limit for a file; for feeds it is plenty.
    private const long LargestCharacters = 50 << 20;

    // XmlReader keeps a record for each open element: a page of opening tags alone must not fill the memory.
    private const int Deepest = 100;

    private static readonly XmlReaderSettings Settings = new()
    {
        // A document type is where entity bombs and external entities live; sitemaps and feeds need none.
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = LargestCharacters,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CloseInput = false,
    };

    /// <summary>Shows every node to <paramref name="visit"/>, which stays on it, until it says false, the document ends or
    /// breaks.</summary>
    public static void Walk(Stream xml, Func<XmlReader, bool> visit)
    {
        Charset.Register();
        try
        {
            using XmlReader reader = XmlReader.Create(xml, Settings);
            while (reader.Read() && reader.Depth <= Deepest && visit(reader)) { }
        }
        catch (Exception broken) when (broken is XmlException or ArgumentException)
        {
            // The reader's own arithmetic fails for some broken encodings, which is no XmlException.
            // Cut and broken files are common, and what was read of them is right.
        }
    }
}
