// What publishers say against the use of their images, and what they say to others.

using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Tests;

public sealed class OptOutTests
{
    private const string Us = "DataFreeKD";

    [Theory]
    [InlineData("X-Robots-Tag", "noai", "noai")]
    [InlineData("x-robots-tag", "NoImageAI", "noai")]
    [InlineData("X-Robots-Tag", "noindex", "noindex")]
    [InlineData("X-Robots-Tag", "none", "noindex")]
    [InlineData("X-Robots-Tag", "noimageindex", "noindex")]
    [InlineData("X-Robots-Tag", "nofollow, noarchive , noai", "noai")]
    [InlineData("X-Robots-Tag", "noindex, noai", "noai")]
    [InlineData("X-Robots-Tag", "DataFreeKD: noindex", "noindex")]
    [InlineData("X-Robots-Tag", "datafreekd: nofollow, noindex", "noindex")]
    [InlineData("X-Robots-Tag", "*: noindex", "noindex")]
    [InlineData("X-Robots-Tag", "noindex, otherbot: nofollow", "noindex")]
    [InlineData("X-Robots-Tag", "otherbot: nofollow, DataFreeKD: noai", "noai")]
    [InlineData("X-Robots-Tag", "max-snippet: 20, noai", "noai")]
    [InlineData("X-Robots-Tag", "max-image-preview:large, noindex", "noindex")]
    [InlineData("X-Robots-Tag", "unavailable_after: Tue, 25 Jun 2030 15:00:00 GMT, noai", "noai")]
    [InlineData("TDM-Reservation", "1", "tdm_reserved")]
    [InlineData("tdm-reservation", " 1 ", "tdm_reserved")]
    [InlineData("X-Robots-Tag", "", null)]
    [InlineData("X-Robots-Tag", "all, index, follow", null)]
    [InlineData("X-Robots-Tag", "nofollow", null)]
    [InlineData("X-Robots-Tag", "noairport", null)]
    [InlineData("X-Robots-Tag", "otherbot: noindex", null)]
    [InlineData("X-Robots-Tag", "otherbot: nofollow, noindex, noai", null)]
    [InlineData("X-Robots-Tag", "unavailable_after: 25 Jun 2010 15:00:00 PST", null)]
    [InlineData("TDM-Reservation", "0", null)]
    [InlineData("TDM-Reservation", "", null)]
    [InlineData("Content-Type", "noai", null)]
    public void A_header_says_one_thing(string name, string value, string? reason) =>
        Assert.Equal(reason, OptOut.FromHeaders([new(name, value)], Us));

    [Fact]
    public void Of_several_headers_the_strongest_wish_is_told_in_any_order()
    {
        KeyValuePair<string, string>[] headers =
        [
            new("tdm-reservation", "1"),
            new("X-Robots-Tag", "otherbot: noai"),
            new("X-Robots-Tag", "noindex"),
        ];
        Assert.Equal("noindex", OptOut.FromHeaders(headers, Us));
        Assert.Equal("noindex", OptOut.FromHeaders(headers.Reverse(), Us));
        Assert.Null(OptOut.FromHeaders([], Us));
    }

    [Theory]
    [InlineData("robots", "noai, noimageai", "noai")]
    [InlineData("ROBOTS", "NOINDEX,NOFOLLOW", "noindex")]
    [InlineData(" robots ", " noindex ", "noindex")]
    [InlineData("datafreekd", "noimageai", "noai")]
    [InlineData("tdm-reservation", "1", "tdm_reserved")]
    [InlineData("tdm-reservation", "0", null)]
    [InlineData("otherbot", "noai", null)]
    [InlineData("robots", "max-image-preview:none", null)]
    [InlineData("robots", "nofollow", null)]
    [InlineData("description", "noai", null)]
    [InlineData("", "", null)]
    public void A_meta_element_says_one_thing(string name, string content, string? reason) =>
        Assert.Equal(reason, OptOut.FromMeta(name, content, Us));
}
