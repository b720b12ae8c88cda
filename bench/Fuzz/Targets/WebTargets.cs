// What the web sends: pages, sitemaps, feeds, robots.txt, and headers.

using System.Text;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Crawler.Pages;
using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Fuzz.Targets;

/// <summary>A body, read as whatever may be made of it.</summary>
internal sealed class PageTarget : Target
{
    private static readonly Uri Address = new("https://example.org/dir/page.html");

    public override string Name => "page";

    public override string Extension => ".html";

    public override string Family => "web";

    public override bool OnDisk => false;

    protected override IReadOnlyList<string> Words =>
        [
            "<img src=",
            "<a href='",
            "<meta name=robots content=",
            "<base href=",
            "srcset=\"",
            " 2x, ",
            "</",
            ">",
            "<!--",
            "-->",
            "<script>",
            "<![CDATA[",
            "<!DOCTYPE",
            "<!ENTITY a '",
            "&#x",
            "&amp",
            ";",
            "http://",
            "//[",
            "../",
            "%",
            "\0",
            "<plaintext>",
            "charset=utf-16",
            "<urlset>",
            "<loc>",
            "<rss><channel><item>",
            "<?xml version='1.0'?>",
            "\xff\xfe",
            "\xef\xbb\xbf",
            "\x1f\x8b",
        ];

    protected override IReadOnlyList<byte[]> Samples() =>
        [
            [
                .. "<!doctype html><html><head><meta charset=utf-8><base href=/b/><meta property=og:image content=/o.png></head><body><picture><source srcset='a.webp 1x, b.webp 2x'><img src=a.jpg srcset='s.jpg 480w, l.jpg 1080w'></picture><a href=big.JPG>x</a></body></html>"u8,
            ],
            [
                .. "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'><url><loc>https://example.org/a</loc><image:image><image:loc>https://example.org/a.jpg</image:loc></image:image></url></urlset>"u8,
            ],
            [
                .. "<?xml version='1.0'?><rss version='2.0'><channel><item><link>https://example.org/a</link><description>&lt;img src=a.jpg&gt;</description><enclosure url='https://example.org/b.jpg' type='image/jpeg'/></item></channel></rss>"u8,
            ],
        ];

    public override void Read(byte[] bytes, string file)
    {
        _ = ContentSniffer.Of(bytes, "text/html");
        _ = HtmlPage.Read(new MemoryStream(bytes), Address, null, "DataFreeKD").Images.Count;
        _ = Sitemap.Read(new MemoryStream(bytes), Address).Pages.Count;
        _ = Feed.Read(new MemoryStream(bytes), Address).Images.Count;
    }
}

/// <summary>robots.txt and tdmrep.json.</summary>
internal sealed class RobotsTarget : Target
{
    public override string Name => "robots";

    public override string Extension => ".txt";

    public override string Family => "web";

    public override bool OnDisk => false;

    protected override IReadOnlyList<string> Words =>
        [
            "user-agent: *\n",
            "disallow: /",
            "allow: ",
            "*",
            "$",
            "%",
            "%2",
            "%2F",
            "crawl-delay: ",
            "1e308",
            "sitemap: https://",
            "\r",
            "\n",
            "#",
            ":",
            "\xef\xbb\xbf",
            "[{\"location\": \"",
            "\"tdm-reservation\": 1",
            "}]",
        ];

    protected override IReadOnlyList<byte[]> Samples() =>
        [
            [
                .. "User-agent: DataFreeKD\nDisallow: /private/*.jpg$\nAllow: /\nCrawl-delay: 2\n\nUser-agent: *\nDisallow: /\nSitemap: https://example.org/map.xml\n"u8,
            ],
            [.. "[{\"location\": \"/img/*\", \"tdm-reservation\": 1, \"tdm-policy\": \"https://example.org/p\"}]"u8],
        ];

    public override void Read(byte[] bytes, string file)
    {
        RobotsFile robots = RobotsFile.Parse(bytes);
        if (!robots.Allows("DataFreeKD", "/robots.txt"))
            throw new InvalidOperationException("robots.txt itself is forbidden");
        _ = robots.Allows("DataFreeKD", "/private/a/b.jpg");
        _ = robots.CrawlDelay("DataFreeKD");
        _ = TdmFile.Parse(bytes).Reserves("/img/a.jpg");
    }
}

/// <summary>Headers and attributes: srcset, Retry-After, X-Robots-Tag, content codings.</summary>
internal sealed class HeaderTarget : Target
{
    private static readonly DateTimeOffset Now = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    public override string Name => "header";

    public override string Extension => ".txt";

    public override string Family => "web";

    public override bool OnDisk => false;

    protected override IReadOnlyList<string> Words =>
        [
            " 2x",
            "480w",
            ", ",
            "(",
            ")",
            "data:image/gif;base64,",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "GMT",
            "-",
            "99999999999",
            "noai",
            "noindex",
            "unavailable_after",
            "DataFreeKD:",
            "\x1f\x8b\u0008\0",
            "x\x9c",
        ];

    protected override IReadOnlyList<byte[]> Samples() =>
        [
            [.. "a.jpg 1x, b.jpg 2x, c.jpg 480w"u8],
            [.. "Sun, 06 Nov 1994 08:49:37 GMT"u8],
            [.. "otherbot: noindex, datafreekd: noimageai, max-snippet:0"u8],
            [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 4, 0, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0],
        ];

    public override void Read(byte[] bytes, string file)
    {
        string text = Encoding.UTF8.GetString(bytes);
        string coding = (bytes.Length % 3) switch
        {
            0 => "br",
            1 => "deflate",
            _ => "gzip",
        };
        ByAll(
            () =>
            {
                _ = Srcset.Largest(text);
                if (RetryAfter.Parse(text, Now) < TimeSpan.Zero)
                    throw new InvalidOperationException("a wait below 0");
                _ = OptOut.FromHeaders([new("X-Robots-Tag", text)], "DataFreeKD");
                _ = OptOut.FromMeta("robots", text, "DataFreeKD");
            },
            () => Unpacking.Beginning(() => new MemoryStream(bytes), [coding], 1 << 16, cut: true),
            () => Unpacking.Gunzip(bytes, 1 << 16)
        );
    }
}
