// Sitemaps and sitemap indexes, with the image extension (sitemaps.org protocol).

using System.Xml;

namespace DataFreeKD.Crawler.Pages;

internal static class Sitemap
{
    // The protocol's limit for a file.
    private const int MostAddresses = 50_000;

    /// <summary>
    /// Reads a sitemap, decompressed by the caller: at most 50,000 addresses and 50 Mi characters. Nested sitemaps stand among the pages. A
    /// broken
    /// file gives what stands before the error; one with a document type gives nothing.
    /// </summary>
    public static PageLinks Read(Stream xml, Uri address)
    {
        LinkCollector links = new(address);
        List<string> path = new();
        XmlPage.Walk(xml, node =>
        {
            if (node.NodeType == XmlNodeType.Element)
            {
                path.RemoveRange(node.Depth, path.Count - node.Depth);
                path.Add(node.LocalName);
            }
            else if (node.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && path.Count >= node.Depth && node.Depth >= 2)
            {
                // By local names: the prefix of the image extension is the author's choice.
                switch ((path[node.Depth - 2], path[node.Depth - 1]))
                {
                    case ("url", "loc"):
                        links.Link(node.Value);
                        break;
                    case ("sitemap", "loc"):
                        links.Page(node.Value);
                        break;
                    case ("image", "loc"):
                        links.Image(node.Value);
                        break;
                }
            }
            return links.Count < MostAddresses;
        });
        return links.Links();
    }
}
