// What a page, a sitemap or a feed leads to.

using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Pages;

/// <summary>Addresses in document order, each once, http and https, without fragments.</summary>
/// <param name="Images">What is, or by its name should be, an image.</param>
/// <param name="Pages">What may lead to more.</param>
/// <param name="OptOut">The reason not to use the page; null where it is welcome.</param>
internal sealed record PageLinks(IReadOnlyList<Uri> Images, IReadOnlyList<Uri> Pages, string? OptOut);

/// <summary>Gathers addresses in the order that they are met in.</summary>
/// <param name="address">What relative addresses are relative to.</param>
internal sealed class LinkCollector(Uri address)
{
    // By the name's end: what the store can decode, and what is neither an image for it nor a page.
    private static readonly HashSet<string> ImageEndings = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".gif",
        ".webp",
        ".bmp",
    };
    private static readonly HashSet<string> OtherEndings = new(StringComparer.OrdinalIgnoreCase)
    {
        ".svg",
        ".avif",
        ".heic",
        ".tif",
        ".tiff",
        ".ico",
        ".psd",
        ".css",
        ".js",
        ".mjs",
        ".json",
        ".pdf",
        ".doc",
        ".docx",
        ".xls",
        ".xlsx",
        ".ppt",
        ".pptx",
        ".epub",
        ".zip",
        ".gz",
        ".tgz",
        ".bz2",
        ".xz",
        ".7z",
        ".rar",
        ".tar",
        ".exe",
        ".msi",
        ".dmg",
        ".apk",
        ".iso",
        ".bin",
        ".mp3",
        ".m4a",
        ".ogg",
        ".wav",
        ".flac",
        ".mp4",
        ".m4v",
        ".webm",
        ".avi",
        ".mov",
        ".mkv",
        ".woff",
        ".woff2",
        ".ttf",
    };

    private readonly List<Uri> images = [];
    private readonly List<Uri> pages = [];
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);

    public int Count => seen.Count;

    public void Image(string? reference)
    {
        if (WebAddress.Resolve(address, reference) is { } image && seen.Add(image.AbsoluteUri))
            images.Add(image);
    }

    /// <summary>What a link leads to is told by its name's end, until it is fetched.</summary>
    public void Link(string? reference, bool mayBePage = true)
    {
        if (WebAddress.Resolve(address, reference) is not { } link)
            return;
        string ending = Path.GetExtension(link.AbsolutePath);
        bool image = ImageEndings.Contains(ending);
        if ((image || (mayBePage && !OtherEndings.Contains(ending))) && seen.Add(link.AbsoluteUri))
            (image ? images : pages).Add(link);
    }

    /// <summary>Another sitemap or feed: its ending says nothing.</summary>
    public void Page(string? reference)
    {
        if (WebAddress.Resolve(address, reference) is { } page && seen.Add(page.AbsoluteUri))
            pages.Add(page);
    }

    public PageLinks Links(string? optOut = null) => new(images, pages, optOut);
}
