// RSS and Atom feeds.

using System.Text;
using DataFreeKD.Crawler.Pages;

namespace DataFreeKD.Crawler.Tests;

public sealed class FeedTests
{
    private static readonly Uri Address = new("https://example.org/feeds/news.xml");

    [Fact]
    public void An_RSS_feed_gives_pages_enclosures_media_and_pictures_in_texts()
    {
        PageLinks links = Read(
            """
            <?xml version="1.0"?>
            <rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
              <channel><title>News</title><link>https://example.org/</link>
                <item><link>https://example.org/1</link><title>An &lt;img src="no.jpg"&gt;</title>
                  <description>&lt;p&gt;See &lt;img src="/escaped.jpg?a=1&amp;amp;b=2"&gt;&lt;/p&gt;</description>
                  <content:encoded><![CDATA[<img srcset="s.jpg 1x, /cdata.jpg 2x">]]></content:encoded>
                  <enclosure url="https://example.org/e" type="image/jpeg" length="1"/>
                  <enclosure url="https://example.org/sound.jpg" type="audio/mpeg" length="1"/>
                  <media:content url="https://example.org/m" medium="image"/>
                  <media:content url="https://example.org/film.mp4" type="video/mp4"/>
                  <media:content url="https://example.org/named.png"/>
                  <media:thumbnail url="https://example.org/t.jpg"/></item>
                <item><link>https://example.org/2</link><description>1 &amp;lt; 2</description></item>
              </channel></rss>
            """
        );
        Assert.Equal(
            ["https://example.org/", "https://example.org/1", "https://example.org/2"],
            links.Pages.Select(page => page.AbsoluteUri)
        );
        Assert.Equal(
            [
                "https://example.org/escaped.jpg?a=1&b=2",
                "https://example.org/cdata.jpg",
                "https://example.org/e",
                "https://example.org/m",
                "https://example.org/named.png",
                "https://example.org/t.jpg",
            ],
            links.Images.Select(image => image.AbsoluteUri)
        );
    }

    [Fact]
    public void An_Atom_feed_gives_alternates_enclosures_and_pictures_in_HTML_and_XHTML()
    {
        PageLinks links = Read(
            """
            <feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="news.xml"/><link href="https://example.org/"/>
              <entry><link rel="alternate" href="/1"/><link rel="enclosure" type="image/png" href="/e"/><link rel="enclosure" type="audio/ogg" href="/sound"/>
                <content type="html">&lt;img src=h.jpg&gt;</content></entry>
              <entry><link href="/photo.jpg"/><summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>See <img src="x.jpg"/></p></div></summary><content type="image/png" src="/c"/></entry>
            </feed>
            """
        );
        Assert.Equal(["https://example.org/", "https://example.org/1"], links.Pages.Select(page => page.AbsoluteUri));
        Assert.Equal(
            [
                "https://example.org/e",
                "https://example.org/feeds/h.jpg",
                "https://example.org/photo.jpg",
                "https://example.org/feeds/x.jpg",
                "https://example.org/c",
            ],
            links.Images.Select(image => image.AbsoluteUri)
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("no feed")]
    [InlineData("<!DOCTYPE rss [<!ENTITY a 'b'>]><rss><channel><item><link>https://example.org/1</link></item></channel></rss>")]
    public void What_is_no_feed_gives_nothing(string xml)
    {
        PageLinks links = Read(xml);
        Assert.Empty(links.Pages.Concat(links.Images));
    }

    [Fact]
    public void A_broken_feed_gives_what_stands_before_the_error() =>
        Assert.Equal(
            "https://example.org/1",
            Read("<rss><channel><item><link>https://example.org/1</link></item><item><link>&nbsp;").Pages.Single().AbsoluteUri
        );

    private static PageLinks Read(string xml) => Feed.Read(new MemoryStream(Encoding.UTF8.GetBytes(xml)), Address);
}
