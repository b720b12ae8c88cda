// RSS and Atom feeds: their entries' pages, enclosures, media and the pictures in their texts.

using System.Text;
using System.Xml;

namespace DataFreeKD.Crawler.Pages;

internal static class Feed
{
    private static readonly HashSet<string> Texts = new(StringComparer.Ordinal) { "description", "encoded", "content", "summary" };

    /// <summary>Reads RSS 0.9 to 2.0 or Atom, with Media RSS; a broken feed gives what stands before the error, one with a document type
    /// nothing.</summary>
    public static PageLinks Read(Stream xml, Uri address)
    {
        LinkCollector links = new(address);
        StringBuilder text = new();
        string element = "";
        XmlPage.Walk(xml, node =>
        {
            switch (node.NodeType)
            {
                case XmlNodeType.Element:
                    Flush();
                    element = node.LocalName;
                    Attributes(node, links);
                    // An empty element has no end to be met.
                    if (node.IsEmptyElement)
                        element = "";
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    text.Append(node.Value);
                    break;
                case XmlNodeType.EndElement:
                    Flush();
                    element = "";
                    break;
            }
            return true;
        });
        return links.Links();

        void Flush()
        {
            if (text.Length == 0)
                return;
            if (element == "link")
                links.Link(text.ToString());
            else if (Texts.Contains(element) && HasMarkup(text))
                Pictures(text.ToString());
            text.Clear();
        }

        void Pictures(string html)
        {
            foreach (Uri image in HtmlPage.Images(html, address))
                links.Image(image.AbsoluteUri);
        }
    }

    private static bool HasMarkup(StringBuilder text)
    {
        foreach (ReadOnlyMemory<char> chunk in text.GetChunks())
        {
            if (chunk.Span.Contains('<'))
                return true;
        }
        return false;
    }

    private static void Attributes(XmlReader node, LinkCollector links)
    {
        bool image =
            node.GetAttribute("type")?.StartsWith("image/", StringComparison.OrdinalIgnoreCase) == true
            || node.GetAttribute("medium") == "image";
        switch (node.LocalName)
        {
            case "link" when node.GetAttribute("rel") is null or "alternate" or "enclosure":
                if (image)
                    links.Image(node.GetAttribute("href"));
                else
                    links.Link(node.GetAttribute("href"), mayBePage: node.GetAttribute("rel") != "enclosure");
                break;
            case "enclosure" or "content" when node.GetAttribute("url") is { } url:
                // Without a type the name's end decides.
                if (image)
                    links.Image(url);
                else if (node.GetAttribute("type") is null)
                    links.Link(url, mayBePage: false);
                break;
            case "content" when node.GetAttribute("src") is { } source && image:
                links.Image(source);
                break;
            case "thumbnail":
                links.Image(node.GetAttribute("url"));
                break;
            case "img":
                // In Atom's XHTML.
                links.Image(Srcset.Largest(node.GetAttribute("srcset") ?? "") ?? node.GetAttribute("src"));
                break;
        }
    }
}
