// What a fetched body becomes: a stored image, the links of a page, or a reason.

using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Pages;
using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Web;

/// <summary>The end of a target's way.</summary>
internal static class ResponseClassifier
{
    /// <summary>Judges the outcome of a fetch: opt-outs first, then what the content is.</summary>
    public static CheckedImage Of(WebTarget target, Fetched fetched, CrawlOptions options)
    {
        JournalRow row = new(target.Ordinal, target.Url, Status.Failed)
        {
            Final = target.OfBucket || fetched.Address.AbsoluteUri == target.Url ? null : fetched.Address.AbsoluteUri,
            Replaces = target.Replaces,
            Bytes = fetched.Body?.Length ?? 0,
            ETag = fetched.Header("ETag"),
            LastModified = fetched.Header("Last-Modified"),
            Sitemaps = fetched.Sitemaps.Count == 0 ? null : [.. fetched.Sitemaps.Select(sitemap => sitemap.AbsoluteUri)],
            SitemapDepth = fetched.Sitemaps.Count == 0 ? 0 : target.Depth,
        };
        if (fetched.Moved is { } moved)
            return new CheckedImage(new JournalRow(target.Ordinal, target.Url, JournalRow.IsMoved) { Moved = moved }, null);
        if (fetched.Reason is not null)
            return Without(row, fetched.Reason);
        if (fetched.Status == 304)
            return target.ETag is null && target.LastModified is null
                ? Without(row, Reason.Http(304))
                : new CheckedImage(row with { Status = JournalRow.Kept }, null);
        if (fetched.Body is null && fetched.Archive is null)
            return Without(row, Reason.ProtocolError);
        if (OptOut.FromHeaders(fetched.Headers, HttpExchange.ProductToken) is { } optOut)
            return Without(row, Code(optOut));
        if (fetched.Body is not { } body)
            return Without(row with { Bytes = fetched.Archive!.Length }, Reason.Archive);

        byte[] bytes;
        ContentKind kind;
        try
        {
            bytes = body.Unpacked();
            if (bytes.Length == 0)
                return Without(row, Reason.Empty);
            kind = ContentSniffer.Of(bytes, fetched.Header("Content-Type"));
            if (kind == ContentKind.Gzip && target.Depth >= 0)
            {
                // A sitemap may come as a gzip file, which is not the same as a content coding.
                bytes = Unpacking.Gunzip(bytes, options.Limits.MaxBytes);
                kind = ContentSniffer.Of(bytes, fetched.Header("Content-Type"));
            }
        }
        catch (FetchException refused)
        {
            return Without(row, refused.Reason);
        }
        return kind switch
        {
            ContentKind.Image or ContentKind.Gzip => CheckedImage.From(row, bytes, options),
            ContentKind.Svg => Without(row, Reason.Svg),
            ContentKind.Html or ContentKind.Sitemap or ContentKind.Feed when target.Depth >= 0 => Links(
                row,
                kind,
                bytes,
                target,
                fetched,
                options.Web
            ),
            _ => Without(row, Reason.NotAnImage),
        };
    }

    private static CheckedImage Links(JournalRow row, ContentKind kind, byte[] bytes, WebTarget target, Fetched fetched, WebOptions options)
    {
        using MemoryStream stream = new(bytes, writable: false);
        PageLinks links = kind switch
        {
            ContentKind.Html => HtmlPage.Read(stream, fetched.Address, fetched.Charset, HttpExchange.ProductToken),
            ContentKind.Sitemap => Sitemap.Read(stream, fetched.Address),
            _ => Feed.Read(stream, fetched.Address),
        };
        if (links.OptOut is not null)
            return Without(row, Code(links.OptOut));

        // A sitemap or a feed names the pages that it stands for; going to them is not going further.
        int depth = kind == ContentKind.Html ? target.Depth - 1 : target.Depth;
        return new CheckedImage(
            row with
            {
                Status = Status.Rejected,
                Reason = Reason.Page,
                Images = [.. links.Images.Select(image => image.AbsoluteUri)],
                Pages =
                    depth < 0
                        ? []
                        :
                        [
                            .. links
                                .Pages.Where(page => options.AnySite || SameSite(page, fetched.Address))
                                .Select(page => page.AbsoluteUri),
                        ],
                Depth = depth,
            },
            null
        );
    }

    private static bool SameSite(Uri page, Uri of) => Site(page) == Site(of);

    private static string Site(Uri address) =>
        address.IdnHost.StartsWith("www.", StringComparison.OrdinalIgnoreCase) ? address.IdnHost[4..] : address.IdnHost;

    private static string Code(string optOut) => optOut == "noimageai" ? Reason.NoAi : optOut;

    private static CheckedImage Without(JournalRow row, string reason) =>
        new(row with { Status = IsPolicy(reason) ? Status.Rejected : Status.Failed, Reason = reason }, null);

    private static bool IsPolicy(string reason) =>
        reason
            is Reason.Robots
                or Reason.RobotsUnreachable
                or Reason.AddressRefused
                or Reason.NotAnImage
                or Reason.Svg
                or Reason.Page
                or Reason.Archive
                or Reason.TooSmall
                or Reason.NoAi
                or Reason.NoIndex
                or Reason.TdmReserved;
}
