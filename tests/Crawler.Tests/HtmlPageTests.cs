// What an HTML page leads to.

using System.Diagnostics;
using System.Text;
using DataFreeKD.Crawler.Pages;

namespace DataFreeKD.Crawler.Tests;

public sealed class HtmlPageTests
{
    private static readonly Uri Address = new("https://example.org/dir/page.html?x=1#top");

    [Theory]
    [InlineData("<img src=a.jpg>", "https://example.org/dir/a.jpg")]
    [InlineData("<IMG SRC='/a.jpg'>", "https://example.org/a.jpg")]
    [InlineData("<img src=\"//cdn.example.net/a?w=1&amp;h=2\">", "https://cdn.example.net/a?w=1&h=2")]
    [InlineData("<img src=' a.jpg\n '>", "https://example.org/dir/a.jpg")]
    [InlineData("<img src='a\n\tb.jpg'>", "https://example.org/dir/ab.jpg")]
    [InlineData("<img src=a.jpg#part><img src=a.jpg>", "https://example.org/dir/a.jpg")]
    [InlineData("<img src=b.jpg><img src=a.jpg><img src=b.jpg>", "https://example.org/dir/b.jpg https://example.org/dir/a.jpg")]
    [InlineData("<img srcset='s.jpg 480w, l.jpg 1080w' src=s.jpg>", "https://example.org/dir/l.jpg")]
    [InlineData("<img data-src=a.jpg src=data:image/gif;base64,R0lGOD>", "https://example.org/dir/a.jpg")]
    [InlineData("<img data-srcset='a.jpg 1x, b.jpg 2x' src=spacer.gif>", "https://example.org/dir/b.jpg")]
    [InlineData("<img data-original=a.jpg><img data-lazy-src=b.jpg>", "https://example.org/dir/a.jpg https://example.org/dir/b.jpg")]
    [InlineData(
        "<picture><source srcset='a.webp 2x' type=image/webp><img src=a.jpg></picture>",
        "https://example.org/dir/a.webp https://example.org/dir/a.jpg"
    )]
    [InlineData("<video><source src=film.mp4></video>", "")]
    [InlineData("<meta property=og:image content=/o.png>", "https://example.org/o.png")]
    [InlineData("<meta property='og:image:secure_url' content='https://example.org/o.png'>", "https://example.org/o.png")]
    [InlineData(
        "<meta name=twitter:image content=t.png><meta name='twitter:image:src' content=u.png>",
        "https://example.org/dir/t.png https://example.org/dir/u.png"
    )]
    [InlineData("<link rel='shortcut image_src' href=i.png><link rel=stylesheet href=x.png>", "https://example.org/dir/i.png")]
    [InlineData("<a href=big.JPG?download=1>big</a>", "https://example.org/dir/big.JPG?download=1")]
    [InlineData("<noscript><img src=n.jpg></noscript>", "https://example.org/dir/n.jpg")]
    [InlineData("<base href=/other/><img src=a.jpg>", "https://example.org/other/a.jpg")]
    [InlineData("<img src=a.jpg><base href='https://example.net/'><base href=/no/>", "https://example.net/a.jpg")]
    [InlineData("<base target=_top><base href=/b/><img src=a.jpg>", "https://example.org/b/a.jpg")]
    [InlineData("<base href='javascript:0'><img src=a.jpg>", "https://example.org/dir/a.jpg")]
    [InlineData("<!-- <img src=a.jpg> --><img src=b.jpg>", "https://example.org/dir/b.jpg")]
    [InlineData(
        "<script>'<img src=a.jpg>'</script><style>/*<img src=b.jpg>*/</style><textarea><img src=c.jpg></textarea><title><img src=d.jpg></title><img src=e.jpg>",
        "https://example.org/dir/e.jpg"
    )]
    [InlineData("<svg><style/><title/></svg><img src=a.jpg>", "https://example.org/dir/a.jpg")]
    [InlineData("<img src=ftp://example.org/a.jpg><img src=file:///etc/passwd><img src='blob:x'><img src='about:blank'>", "")]
    [InlineData("<img src=''><img src><img>", "")]
    [InlineData("<img src='http://'><img src='http:///x'><img src='https://exa mple.org/'>", "")]
    [InlineData("<p><img src=a.jpg", "")]
    public void Images_are_found_in_document_order_each_once(string html, string images) =>
        Assert.Equal(images, string.Join(' ', Read(html).Images.Select(image => image.AbsoluteUri)));

    [Theory]
    [InlineData("<a href=next.html>", "https://example.org/dir/next.html")]
    [InlineData("<a href=/a/#1></a><a href='/a/#2'></a>", "https://example.org/a/")]
    [InlineData("<a href='?page=2'>", "https://example.org/dir/page.html?page=2")]
    [InlineData("<map><area href=/a></map>", "https://example.org/a")]
    [InlineData("<a rel='nofollow ugc' href=/a></a><a rel=noopener href=/b></a>", "https://example.org/b")]
    [InlineData("<a href='mailto:a@example.org'></a><a href='javascript:void(0)'></a><a href='tel:1'></a>", "")]
    [InlineData("<a href=a.pdf></a><a href=a.zip></a><a href=a.svg></a><a href=a.mp4></a><a href=a.css></a>", "")]
    [InlineData("<meta name=robots content=nofollow><a href=/a></a>", "")]
    [InlineData("<a href=/a></a><meta name=DataFreeKD content='max-snippet:1, nofollow'>", "")]
    [InlineData("<meta name=otherbot content=nofollow><a href=/a></a>", "https://example.org/a")]
    public void Links_that_may_be_pages_are_pages(string html, string pages) =>
        Assert.Equal(pages, string.Join(' ', Read(html).Pages.Select(page => page.AbsoluteUri)));

    [Theory]
    [InlineData("<meta name=robots content='noai, noimageai'>", "noai")]
    [InlineData("<META NAME=Robots CONTENT=NOINDEX>", "noindex")]
    [InlineData("<meta name=tdm-reservation content=1><meta name=datafreekd content=noindex>", "noindex")]
    [InlineData("<meta name=tdm-reservation content=1>", "tdm_reserved")]
    [InlineData("<meta name=robots content=all><!-- <meta name=robots content=noai> -->", null)]
    public void A_wish_in_a_meta_element_is_heard(string html, string? reason) => Assert.Equal(reason, Read(html).OptOut);

    [Theory]
    [InlineData("windows-1251", null, "", "windows-1251")]
    [InlineData(null, "<meta charset=windows-1251>", "", "windows-1251")]
    [InlineData(null, "<meta http-equiv=content-type content='text/html; charset=windows-1251'>", "", "windows-1251")]
    [InlineData("windows-1251", "<meta charset=utf-8>", "", "windows-1251")]
    [InlineData("no-such", "<meta charset=koi8-r>", "", "koi8-r")]
    [InlineData("\"UTF-8\"", null, "", "utf-8")]
    [InlineData(null, null, "", "utf-8")]
    [InlineData("koi8-r", "<meta charset=koi8-r>", "\uFEFF", "utf-16")]
    public void The_header_then_the_page_say_the_encoding_and_a_byte_order_mark_outranks_both(
        string? header,
        string? meta,
        string mark,
        string actual
    )
    {
        Encoding encoding = Charset.Find(actual)!;
        byte[] html = encoding.GetBytes($"{mark}{meta}<img src=/\u0444.jpg>");
        Assert.Equal(
            "https://example.org/%D1%84.jpg",
            HtmlPage.Read(new MemoryStream(html), Address, header, "DataFreeKD").Images.Single().AbsoluteUri
        );
    }

    [Theory]
    [InlineData("<div>", 300_000)]
    [InlineData("<b><p>", 150_000)]
    [InlineData("<a href=/x><table>", 60_000)]
    [InlineData("<img src=a.jpg ", 60_000)]
    [InlineData("<!--", 300_000)]
    [InlineData("&amp;&lt", 150_000)]
    [InlineData("<svg><foreignObject>", 60_000)]
    public void A_page_made_to_be_slow_is_not(string piece, int times)
    {
        string html = string.Concat(Enumerable.Repeat(piece, times));
        long start = Stopwatch.GetTimestamp();
        Read(html);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), $"{Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
    }

    private static PageLinks Read(string html) =>
        HtmlPage.Read(new MemoryStream(Encoding.UTF8.GetBytes(html)), Address, "utf-8", "DataFreeKD");
}
