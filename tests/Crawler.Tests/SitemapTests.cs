// Sitemaps, their indexes and images, and XML that means harm.

using System.Text;
using DataFreeKD.Crawler.Pages;

namespace DataFreeKD.Crawler.Tests;

public sealed class SitemapTests
{
    private const string Urlset =
        "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'>";
    private static readonly Uri Address = new("https://example.org/maps/sitemap.xml");

    [Fact]
    public void A_sitemap_gives_pages_and_their_images()
    {
        PageLinks links = Read(
            $"""
            <?xml version="1.0" encoding="UTF-8"?>
            {Urlset}
              <url><loc> https://example.org/a?x=1&amp;y=2#part </loc><lastmod>2026-01-01</lastmod>
                <image:image><image:loc>https://cdn.example.net/1.jpg</image:loc><image:title>https://example.org/title</image:title></image:image>
                <image:image><image:loc><![CDATA[https://cdn.example.net/2]]></image:loc></image:image></url>
              <!-- <url><loc>https://example.org/comment</loc></url> -->
              <url><loc>https://example.org/b</loc></url>
              <url><loc>https://example.org/b</loc></url>
              <url><loc>https://example.org/direct.png</loc></url>
              <url><loc>ftp://example.org/c</loc></url>
              <loc>https://example.org/astray</loc>
            </urlset>
            """
        );
        Assert.Equal(["https://example.org/a?x=1&y=2", "https://example.org/b"], links.Pages.Select(page => page.AbsoluteUri));
        Assert.Equal(
            ["https://cdn.example.net/1.jpg", "https://cdn.example.net/2", "https://example.org/direct.png"],
            links.Images.Select(image => image.AbsoluteUri)
        );
        Assert.Null(links.OptOut);
    }

    [Fact]
    public void An_index_gives_its_sitemaps_whatever_their_endings()
    {
        PageLinks links = Read(
            "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>https://example.org/a.xml</loc></sitemap><sitemap><loc>https://example.org/b.xml.gz</loc></sitemap></sitemapindex>"
        );
        Assert.Equal(["https://example.org/a.xml", "https://example.org/b.xml.gz"], links.Pages.Select(page => page.AbsoluteUri));
        Assert.Empty(links.Images);
    }

    [Fact]
    public void A_sitemap_without_namespaces_or_in_a_code_page_is_read_too()
    {
        Assert.Equal(
            "https://example.org/a",
            Read("<urlset><url><loc>https://example.org/a</loc></url></urlset>").Pages.Single().AbsoluteUri
        );
        byte[] cyrillic = Charset
            .Find("windows-1251")!
            .GetBytes("<?xml version='1.0' encoding='windows-1251'?><urlset><url><loc>https://example.org/\u0444</loc></url></urlset>");
        Assert.Equal("https://example.org/%D1%84", Sitemap.Read(new MemoryStream(cyrillic), Address).Pages.Single().AbsoluteUri);
    }

    [Theory]
    [InlineData("<url><loc>https://example.org/b</loc")]
    [InlineData("<url><loc>https://example.org/b</url>")]
    [InlineData("<url><loc>&undefined;</loc></url>")]
    [InlineData("\0")]
    public void A_broken_sitemap_gives_what_stands_before_the_error(string rest) =>
        Assert.Equal("https://example.org/a", Read($"{Urlset}<url><loc>https://example.org/a</loc></url>{rest}").Pages[0].AbsoluteUri);

    // A byte order mark within the declaration: the reader's arithmetic fails, which is no XmlException.
    [Fact]
    public void A_declaration_with_a_mark_in_it_gives_nothing() =>
        Assert.Empty(Sitemap.Read(new MemoryStream([.. "<?xml version='1.0"u8, 0xEF, 0xBB, 0xBF, .. "'?>"u8]), Address).Pages);

    [Theory]
    [InlineData(
        "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><urlset><url><loc>https://example.org/&c;</loc></url></urlset>"
    )]
    [InlineData("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><urlset><url><loc>https://example.org/&a;</loc></url></urlset>")]
    [InlineData("<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'><urlset><url><loc>https://example.org/a</loc></url></urlset>")]
    public void A_document_type_is_refused_so_no_entity_expands_and_nothing_is_fetched(string xml)
    {
        PageLinks links = Read(xml);
        Assert.Empty(links.Pages);
        Assert.Empty(links.Images);
    }

    [Fact]
    public void At_most_fifty_thousand_addresses_are_taken()
    {
        string urls = string.Concat(Enumerable.Range(0, 50_100).Select(i => $"<url><loc>https://example.org/{i}</loc></url>"));
        Assert.Equal(50_000, Read($"{Urlset}{urls}</urlset>").Pages.Count);
    }

    [Fact]
    public void Deep_nesting_ends_the_reading() =>
        Assert.Single(Read($"{Urlset}<url><loc>https://example.org/a</loc></url>{string.Concat(Enumerable.Repeat("<x>", 200_000))}").Pages);

    private static PageLinks Read(string xml) => Sitemap.Read(new MemoryStream(Encoding.UTF8.GetBytes(xml)), Address);
}
