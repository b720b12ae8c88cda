// The links of pages, each address once.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Journal;

namespace DataFreeKD.Crawler.Web;

/// <summary>Knows what has been named or found, in sixteen bytes an address.</summary>
internal sealed class LinkSet
{
    private readonly HashSet<UInt128> seen = [];
    private readonly int maxPages;
    private int pages;

    /// <param name="maxPages">Pages found, beyond which only images are taken.</param>
    /// <param name="named">What the user named.</param>
    /// <param name="found">What has been found already.</param>
    public LinkSet(int maxPages, IEnumerable<WebTarget> named, IEnumerable<WebTarget> found)
    {
        this.maxPages = maxPages;
        foreach (WebTarget target in named)
            seen.Add(KeyOf(target));
        foreach (WebTarget target in found)
        {
            seen.Add(KeyOf(target));
            if (target.Depth >= 0)
                pages++;
        }
    }

    /// <summary>What a page names and no page before it did: its images, then the sitemaps and pages to follow, without ordinals.</summary>
    public IEnumerable<WebTarget> New(JournalRow page)
    {
        foreach (string image in page.Images ?? [])
        {
            if (seen.Add(TextKey.Of(image)))
                yield return new WebTarget(0, image, new Uri(image));
        }
        foreach (
            (string next, int depth) in (page.Sitemaps ?? [])
                .Select(sitemap => (sitemap, page.SitemapDepth))
                .Concat((page.Pages ?? []).Select(next => (next, page.Depth)))
        )
        {
            if (pages >= maxPages || !seen.Add(TextKey.Of(next)))
                continue;
            pages++;
            yield return new WebTarget(0, next, new Uri(next)) { Depth = depth };
        }
    }

    private static UInt128 KeyOf(WebTarget target) => TextKey.Of(target.Address.AbsoluteUri);
}
