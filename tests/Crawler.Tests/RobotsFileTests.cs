// robots.txt: the cases of RFC 9309, and what the large crawlers agree on beyond it.

using System.Text;
using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Tests;

public sealed class RobotsFileTests
{
    private const string Us = "DataFreeKD";

    // The example of RFC 9309 section 5.1, with this crawler in a role of its own.
    private const string Simple = """
        User-agent: *
        Disallow: *.gif$
        Disallow: /example/
        Allow: /publications/

        User-agent: foobot
        Disallow:/
        Allow:/example/page.html
        Allow:/example/allowed.gif

        User-agent: barbot
        User-agent: bazbot
        Disallow: /example/page.html

        User-agent: quxbot

        EOF
        """;

    [Theory]
    [InlineData("anybot", "/example/page.html", false)]
    [InlineData("anybot", "/publications/x.html", true)]
    [InlineData("anybot", "/publications/x.gif", true)]
    [InlineData("anybot", "/pictures/x.gif", false)]
    [InlineData("anybot", "/pictures/x.gif?size=1", true)]
    [InlineData("anybot", "/other", true)]
    [InlineData("foobot", "/example/page.html", true)]
    [InlineData("foobot", "/example/allowed.gif", true)]
    [InlineData("foobot", "/publications/", false)]
    [InlineData("barbot", "/example/page.html", false)]
    [InlineData("barbot", "/example/other.gif", true)]
    [InlineData("bazbot", "/example/page.html", false)]
    [InlineData("quxbot", "/example/page.html", true)]
    public void The_example_of_the_RFC_is_read_as_it_says(string token, string path, bool allowed) =>
        Assert.Equal(allowed, Allows(Simple, path, token));

    [Theory]
    // Groups: which one is ours.
    [InlineData("", "/x", true)]
    [InlineData("user-agent: DataFreeKD\ndisallow: /", "/x", false)]
    [InlineData("USER-AGENT: dAtAfReEkD\nDISALLOW: /", "/x", false)]
    [InlineData("user-agent: DataFreeKD/0.1\ndisallow: /", "/x", false)]
    [InlineData("user-agent: DataFreeKD 2.0 (test)\ndisallow: /", "/x", false)]
    [InlineData("user-agent: DataFree\ndisallow: /", "/x", true)]
    [InlineData("user-agent: DataFreeKDBot\ndisallow: /", "/x", true)]
    [InlineData("user-agent: DataFreeKD-images\ndisallow: /", "/x", true)]
    [InlineData("user-agent: other\ndisallow: /", "/x", true)]
    [InlineData("user-agent: *\ndisallow: /", "/x", false)]
    [InlineData("user-agent: * \ndisallow: /", "/x", false)]
    [InlineData("user-agent: * all of you\ndisallow: /", "/x", false)]
    [InlineData("user-agent: *bot\ndisallow: /", "/x", true)]
    [InlineData("disallow: /\nuser-agent: DataFreeKD\nallow: /a", "/x", true)]
    [InlineData("user-agent: *\ndisallow: /\nuser-agent: DataFreeKD\nallow: /", "/x", true)]
    [InlineData("user-agent: *\ndisallow: /\nuser-agent: DataFreeKD\n", "/x", true)]
    [InlineData("user-agent: DataFreeKD\nallow: /\nuser-agent: *\ndisallow: /", "/x", true)]
    [InlineData("user-agent: a\nuser-agent: DataFreeKD\nuser-agent: b\ndisallow: /", "/x", false)]
    [InlineData("user-agent: DataFreeKD\n\n\nuser-agent: b\n\ndisallow: /", "/x", false)]
    [InlineData("user-agent: DataFreeKD\nsitemap: https://example.org/s.xml\nuser-agent: b\ndisallow: /", "/x", false)]
    [InlineData("user-agent: DataFreeKD\nnonsense: 5\nuser-agent: b\ndisallow: /", "/x", false)]
    [InlineData("user-agent: DataFreeKD\ndisallow: /a\nuser-agent: b\ndisallow: /x", "/x", true)]
    [InlineData("user-agent: DataFreeKD\ndisallow: /a\nsitemap: https://example.org/s.xml\ndisallow: /x", "/x", false)]
    // Groups of the same name are one.
    [InlineData("user-agent: DataFreeKD\ndisallow: /a\nuser-agent: b\ndisallow: /b\nuser-agent: DataFreeKD\ndisallow: /x", "/x", false)]
    [InlineData("user-agent: *\ndisallow: /a\nuser-agent: b\ndisallow: /b\nuser-agent: *\ndisallow: /x", "/x", false)]
    [InlineData("user-agent: DataFreeKD\ndisallow: /dir\nuser-agent: datafreekd\nallow: /dir/x", "/dir/x", true)]
    // Empty rules say nothing.
    [InlineData("user-agent: *\ndisallow:", "/x", true)]
    [InlineData("user-agent: *\ndisallow:\ndisallow: /x", "/x", false)]
    [InlineData("user-agent: *\ndisallow: /\nallow:", "/x", false)]
    public void The_group_that_counts_is_found(string file, string path, bool allowed) => Assert.Equal(allowed, Allows(file, path));

    [Theory]
    // The longest match wins, allow on a tie, in any order.
    [InlineData("disallow: /x/page.html\nallow: /x/", "/x/page.html", false)]
    [InlineData("allow: /x/page.html\ndisallow: /x/", "/x/page.html", true)]
    [InlineData("disallow: /x/\nallow: /x/page.html", "/x/page.html", true)]
    [InlineData("allow: /x/page.html\ndisallow: /x/", "/x/", false)]
    [InlineData("disallow: /x\nallow: /x", "/x", true)]
    [InlineData("allow: /x\ndisallow: /x", "/x", true)]
    [InlineData("disallow: \nallow: ", "/x", true)]
    [InlineData("disallow: /x/\nallow: /x", "/x/", false)]
    [InlineData("allow: /p\ndisallow: /", "/page", true)]
    [InlineData("allow: /folder\ndisallow: /folder", "/folder/page", true)]
    [InlineData("allow: /page\ndisallow: /*.htm", "/page.htm", false)]
    [InlineData("allow: /page\ndisallow: /*.ph", "/page.php5", true)]
    [InlineData("allow: /$\ndisallow: /", "/", true)]
    [InlineData("allow: /$\ndisallow: /", "/page.htm", false)]
    // Prefixes, case of paths.
    [InlineData("disallow: /fish", "/fish", false)]
    [InlineData("disallow: /fish", "/fish.html", false)]
    [InlineData("disallow: /fish", "/fishheads/yummy.html", false)]
    [InlineData("disallow: /fish", "/fish?id=1", false)]
    [InlineData("disallow: /fish", "/Fish.asp", true)]
    [InlineData("disallow: /fish", "/catfish", true)]
    [InlineData("disallow: /fish", "/?id=fish", true)]
    [InlineData("disallow: /X/", "/x/", true)]
    [InlineData("disallow: /fish/", "/fish", true)]
    [InlineData("disallow: /fish/", "/fish/?a", false)]
    [InlineData("disallow: fish", "/fish", true)]
    // Wildcards.
    [InlineData("disallow: *", "/x", false)]
    [InlineData("disallow: /*", "/x", false)]
    [InlineData("disallow: /fish*", "/fish", false)]
    [InlineData("disallow: /fish*", "/fi", true)]
    [InlineData("disallow: *.php", "/folder/any.php.file.html", false)]
    [InlineData("disallow: /*.php", "/filename.php/", false)]
    [InlineData("disallow: /*.php", "/windows.PHP", true)]
    [InlineData("disallow: /*.php", "/", true)]
    [InlineData("disallow: /fish*.php", "/fishheads/catfish.php?parameters", false)]
    [InlineData("disallow: /fish*.php", "/Fish.PHP", true)]
    [InlineData("disallow: /a**b***c", "/axxbyyc", false)]
    [InlineData("disallow: /a*b*c", "/acb", true)]
    [InlineData("disallow: /a*a", "/a", true)]
    // The end of the path.
    [InlineData("disallow: /*.php$", "/filename.php", false)]
    [InlineData("disallow: /*.php$", "/filename.php?parameters", true)]
    [InlineData("disallow: /*.php$", "/filename.php5", true)]
    [InlineData("disallow: /*.php$", "/a.php.php", false)]
    [InlineData("disallow: /x$", "/x", false)]
    [InlineData("disallow: /x$", "/xy", true)]
    [InlineData("disallow: /x*$", "/xyz", false)]
    [InlineData("disallow: /ab*ab$", "/abab", false)]
    [InlineData("disallow: /ab*ab$", "/ab", true)]
    [InlineData("disallow: $", "/", true)]
    // A $ within is a plain one.
    [InlineData("disallow: /a$b", "/a$b", false)]
    [InlineData("disallow: /a$b", "/a", true)]
    // The robots.txt itself may always be read.
    [InlineData("disallow: /", "/robots.txt", true)]
    [InlineData("disallow: /", "/robots.txt?x", true)]
    [InlineData("disallow: /", "/robots.txt.html", false)]
    [InlineData("disallow: /", "", false)]
    public void The_longest_match_decides(string rules, string path, bool allowed) =>
        Assert.Equal(allowed, Allows($"user-agent: *\n{rules}\n", path));

    [Theory]
    // The table of RFC 9309 section 2.2.2.
    [InlineData("/foo/bar?baz=quz", "/foo/bar?baz=quz", true)]
    [InlineData("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar", true)]
    [InlineData("/foo/bar/\u30C4", "/foo/bar/%E3%83%84", true)]
    [InlineData("/foo/bar/%E3%83%84", "/foo/bar/%E3%83%84", true)]
    [InlineData("/foo/bar/%e3%83%84", "/foo/bar/\u30C4", true)]
    [InlineData("/foo/bar/%62%61%7A", "/foo/bar/baz", true)]
    [InlineData("/foo/bar/baz", "/foo/bar/%62%61%7a", true)]
    // Section 2.2.3: special characters as plain ones.
    [InlineData("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", true)]
    [InlineData("/path/file-with-a-%2A.html", "/path/file-with-a-b.html", false)]
    [InlineData("/path/foo-%24", "/path/foo-$", true)]
    [InlineData("/path/foo-%24", "/path/foo-%24", true)]
    // Encoded reserved characters are others than plain ones.
    [InlineData("/a%2Fb", "/a/b", false)]
    [InlineData("/a%2fb", "/a%2Fb", true)]
    [InlineData("/a%3Fb", "/a?b", false)]
    // What no URI holds plain, and what is no encoding.
    [InlineData("/a b", "/a%20b", true)]
    [InlineData("/a%zz", "/a%25zz", true)]
    [InlineData("/a%4", "/a%254", true)]
    [InlineData("/100%", "/100%25", true)]
    [InlineData("/~user", "/%7Euser", true)]
    public void Spellings_of_one_path_are_one(string rule, string path, bool matches) =>
        Assert.Equal(!matches, Allows($"user-agent: *\ndisallow: {rule}", path));

    [Theory]
    [InlineData("user-agent: *\ndisallow: /x\n")]
    [InlineData("user-agent: *\r\ndisallow: /x\r\n")]
    [InlineData("user-agent: *\rdisallow: /x\r")]
    [InlineData("user-agent: *\n\rdisallow: /x")]
    [InlineData("\uFEFFuser-agent: *\ndisallow: /x")]
    [InlineData("  user-agent  :   *  \n\tdisallow\t:\t/x\t")]
    [InlineData("user-agent:*\ndisallow:/x")]
    [InlineData("user-agent: * # everyone\ndisallow: /x # not this")]
    [InlineData("# a comment: here\nuser-agent: *\n#disallow: /y\ndisallow: /x#y")]
    [InlineData("user-agent *\ndisallow /x")]
    [InlineData("user-agent \t *\ndisallow\t/x")]
    [InlineData("useragent: *\ndissallow: /x")]
    [InlineData("user agent: *\ndisalow: /x")]
    [InlineData("user-agent: *\nallow: /y\n<html>\nthis is: not a rule\n: /z\ndisallow: /x")]
    public void Lines_may_be_untidy(string file)
    {
        Assert.False(Allows(file, "/x/1"));
        Assert.True(Allows(file, "/y/1"));
    }

    [Theory]
    [InlineData("user-agent: *\ndisallow all of it")]
    [InlineData("user-agent everyone here\ndisallow: /")]
    [InlineData("user-agent: *\ndisallow")]
    [InlineData("<!doctype html><title>404</title><p>No robots.txt here: sorry")]
    public void Prose_is_no_rule(string file) => Assert.True(Allows(file, "/x"));

    [Theory]
    [InlineData(new byte[] { 0xEF }, false)]
    [InlineData(new byte[] { 0xEF, 0xBB }, false)]
    [InlineData(new byte[] { 0xEF, 0xBB, 0xBF }, false)]
    [InlineData(new byte[] { 0xEF, 0x11, 0xBF }, true)]
    public void A_cut_byte_order_mark_is_passed_over_and_a_broken_one_spoils_its_line(byte[] mark, bool allowed) =>
        Assert.Equal(allowed, RobotsFile.Parse([.. mark, .. "user-agent: *\ndisallow: /"u8]).Allows(Us, "/x"));

    [Fact]
    public void A_path_that_is_not_UTF8_is_compared_by_its_octets()
    {
        RobotsFile file = RobotsFile.Parse([.. "user-agent: *\ndisallow: /caf"u8, 0xE9]);
        Assert.False(file.Allows(Us, "/caf%E9"));
        Assert.True(file.Allows(Us, "/café"));
    }

    [Fact]
    public void Half_a_mebibyte_less_is_read_and_no_more()
    {
        byte[] filler = Encoding.ASCII.GetBytes(
            $"user-agent: *\n{string.Join('\n', Enumerable.Repeat("#" + new string('x', 99), 5000))}\n"
        );
        Assert.InRange(filler.Length, 500_000, 512_000 - 100);
        Assert.False(RobotsFile.Parse([.. filler, .. "disallow: /"u8]).Allows(Us, "/x"));
        byte[] over = [.. filler, .. new byte[512_001 - filler.Length], (byte)'\n', .. "disallow: /"u8];
        Assert.True(RobotsFile.Parse(over).Allows(Us, "/x"));
    }

    [Fact]
    public void A_rule_cut_by_the_limit_is_left_out()
    {
        string head = $"user-agent: *\n#{new string('x', 512_000 - 27)}\ndisallow: /";
        Assert.Equal(512_000, head.Length);
        Assert.True(Allows(head + "only/this", "/x"));
        Assert.False(Allows(head + "\nallow: /y", "/x"));
    }

    [Fact]
    public void A_huge_line_is_no_harm()
    {
        string star = new('*', 200_000),
            slash = new('a', 200_000);
        Assert.False(Allows($"user-agent: *\ndisallow: /{star}", "/x"));
        Assert.True(Allows($"user-agent: *\ndisallow: /{slash}b\n", "/" + new string('a', 8000)));
        Assert.False(Allows($"user-agent: {slash}\nuser-agent: *\ndisallow: /", "/x"));
    }

    [Fact]
    public void Patterns_made_to_be_slow_are_not()
    {
        string rules = string.Concat(Enumerable.Repeat("disallow: /" + string.Concat(Enumerable.Repeat("*a", 100)) + "b\n", 2000));
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.True(Allows("user-agent: *\n" + rules, "/" + new string('a', 8000)));
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("user-agent: *\ncrawl-delay: 5", 5.0)]
    [InlineData("user-agent: *\nCrawl-Delay: 0.5", 0.5)]
    [InlineData("user-agent: *\ncrawl-delay: 5\nuser-agent: DataFreeKD\ncrawl-delay: 2", 2.0)]
    [InlineData("user-agent: *\ncrawl-delay: 5\nuser-agent: DataFreeKD\ndisallow: /a", null)]
    [InlineData("user-agent: DataFreeKD\ncrawl-delay: 3\nuser-agent: a\ndisallow: /\nuser-agent: DataFreeKD\ncrawl-delay: 7", 7.0)]
    [InlineData("user-agent: *\ncrawl-delay: 1e300", 86400.0)]
    [InlineData("user-agent: *\ncrawl-delay: 0", 0.0)]
    [InlineData("user-agent: *\ncrawl-delay: -1", null)]
    [InlineData("user-agent: *\ncrawl-delay: soon", null)]
    [InlineData("user-agent: *\ncrawl-delay: 5s", null)]
    [InlineData("user-agent: *\ncrawl-delay: NaN", null)]
    [InlineData("user-agent: *\ncrawl-delay:", null)]
    [InlineData("crawl-delay: 5", null)]
    public void The_crawl_delay_is_that_of_our_group(string file, double? seconds) =>
        Assert.Equal(seconds, RobotsFile.Parse(Encoding.UTF8.GetBytes(file)).CrawlDelay(Us)?.TotalSeconds);

    [Fact]
    public void Sitemaps_stand_anywhere_and_are_whole_addresses()
    {
        RobotsFile file = RobotsFile.Parse(
            """
            sitemap: https://example.org/a.xml
            user-agent: other
            SITEMAP: http://example.org/b.xml.gz # zipped
            disallow: /
            site-map: https://example.org/a.xml
            sitemap: /relative.xml
            sitemap: ftp://example.org/c.xml
            """u8
        );
        Assert.Equal(["https://example.org/a.xml", "http://example.org/b.xml.gz"], file.Sitemaps.Select(sitemap => sitemap.AbsoluteUri));
    }

    [Fact]
    public void Files_that_are_absent_or_out_of_reach_have_their_own()
    {
        Assert.True(RobotsFile.AllowAll.Allows(Us, "/x"));
        Assert.False(RobotsFile.DisallowAll.Allows(Us, "/x"));
        Assert.True(RobotsFile.DisallowAll.Allows(Us, "/robots.txt"));
    }

    private static bool Allows(string file, string path, string token = Us) =>
        RobotsFile.Parse(Encoding.UTF8.GetBytes(file)).Allows(token, path);
}
