// Parsers on random input: nothing throws, and what they say agrees with plainer ways to say it.

using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CsCheck;
using DataFreeKD.Crawler.Pages;
using DataFreeKD.Crawler.Politeness;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

public sealed class ParserFuzzTests
{
    private static readonly Uri Address = new("https://example.org/dir/page");

    [Fact]
    public void Robots_decisions_equal_those_of_a_naive_matcher()
    {
        // Few letters, so that rules meet paths often.
        Gen<string> pattern = Gen.Char["ab/*$"].Array[0, 7].Select(letters => "/" + new string(letters));
        Gen<string> path = Gen.Char["ab/"].Array[0, 9].Select(letters => "/" + new string(letters));
        Gen.Select(Gen.Select(pattern, Gen.Bool).Array[0, 6], path)
            .Sample(
                (rules, at) =>
                {
                    string file =
                        "User-agent: *\n" + string.Concat(rules.Select(rule => $"{(rule.Item2 ? "Allow" : "Disallow")}: {rule.Item1}\n"));
                    Assert.Equal(NaiveAllows(rules, at), RobotsFile.Parse(Encoding.ASCII.GetBytes(file)).Allows("DataFreeKD", at));
                },
                iter: Fuzz.Ran("robots decisions", 50_000)
            );
    }

    [Fact]
    public void Robots_of_any_bytes_gives_a_decision() =>
        Gen.Select(
                Mixture(
                    "user-agent: *\n",
                    "disallow: /",
                    "allow: /",
                    "*",
                    "$",
                    "%",
                    "%2",
                    "%2F",
                    "crawl-delay: ",
                    "1",
                    "sitemap: https://",
                    "\r",
                    "\n",
                    "#",
                    ":",
                    "\uFEFF"
                ),
                Gen.String
            )
            .Sample(
                (bytes, path) =>
                {
                    RobotsFile file = RobotsFile.Parse(bytes);
                    Assert.True(file.Allows("DataFreeKD", "/robots.txt"));
                    bool allowed = file.Allows("DataFreeKD", path);
                    Assert.Equal(allowed, file.Allows("datafreekd", path));
                    Assert.True(file.CrawlDelay("DataFreeKD") is null || file.CrawlDelay("DataFreeKD") <= TimeSpan.FromDays(1));
                    Assert.All(file.Sitemaps, sitemap => Assert.StartsWith("http", sitemap.Scheme, StringComparison.Ordinal));
                },
                iter: Fuzz.Ran("robots bytes", 50_000)
            );

    [Fact]
    public void HTML_of_any_bytes_gives_web_addresses_each_once() =>
        Mixture(
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
                "<!doctype",
                "&#x",
                "&amp",
                ";",
                "'",
                "\"",
                "http://",
                "//",
                "../",
                "%",
                "[",
                "@",
                "\0",
                "<plaintext>",
                "charset="
            )
            .Sample(
                bytes => Assert.True(Sound(HtmlPage.Read(new MemoryStream(bytes), Address, null, "DataFreeKD"))),
                iter: Fuzz.Ran("HTML bytes", 30_000)
            );

    [Fact]
    public void XML_of_any_bytes_gives_web_addresses_each_once() =>
        Mixture(
                "<urlset>",
                "<url>",
                "<loc>",
                "</loc>",
                "</url>",
                "<image:image xmlns:image='i'>",
                "<image:loc>",
                "<rss><channel><item>",
                "<link>",
                "</link>",
                "<link href='",
                "'/>",
                "<description>",
                "&lt;img src=a&gt;",
                "<![CDATA[",
                "]]>",
                "<?xml version='1.0'?>",
                "<?xml version='1.0' encoding='x'?>",
                "http://a/",
                "<!DOCTYPE",
                "&",
                "<enclosure url='",
                "type='image/x' "
            )
            .Sample(
                bytes =>
                {
                    Assert.True(Sound(Sitemap.Read(new MemoryStream(bytes), Address)));
                    Assert.True(Sound(Feed.Read(new MemoryStream(bytes), Address)));
                },
                iter: Fuzz.Ran("XML bytes, as sitemap and as feed", 30_000)
            );

    [Fact]
    public void Sitemaps_give_back_the_addresses_that_were_written() =>
        Gen.Char["abc/?&=<>'\" \u00e4"]
            .Array[1, 12]
            .Select(letters => new string(letters))
            .Array[0, 8]
            .Sample(
                tails =>
                {
                    XElement xml = new(
                        "urlset",
                        tails.Select(tail => new System.Xml.Linq.XElement(
                            "url",
                            new System.Xml.Linq.XElement("loc", $"https://example.org/x{tail}")
                        ))
                    );
                    using MemoryStream stream = new(Encoding.UTF8.GetBytes(xml.ToString()));
                    Assert.Equal(
                        tails.Select(tail => new Uri($"https://example.org/x{tail}".Trim()).AbsoluteUri).Distinct(),
                        Sitemap.Read(stream, Address).Pages.Select(page => page.AbsoluteUri)
                    );
                },
                iter: Fuzz.Ran("sitemaps there and back", 10_000)
            );

    [Fact]
    public void Srcsets_of_any_text_take_an_address_from_the_text() =>
        Gen.Char["ab,() \n19.wxhe-"]
            .Array[0, 30]
            .Select(letters => new string(letters))
            .Sample(
                text =>
                {
                    string? largest = Srcset.Largest(text);
                    Assert.Equal(text.Any(letter => !" \n,".Contains(letter)), largest is not null);
                    Assert.True(largest is null || (largest.Length > 0 && text.Contains(largest, StringComparison.Ordinal)));
                },
                iter: Fuzz.Ran("srcsets", 50_000)
            );

    [Fact]
    public void Dates_of_all_three_forms_give_the_time_until_then() =>
        Gen.Select(Gen.Int[-40 * 365 * 86400 / 100, 40 * 365 * 86400 / 100], Gen.Int[0, 2])
            .Sample(
                (hundreds, form) =>
                {
                    DateTimeOffset now = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);
                    DateTimeOffset then = now.AddSeconds(hundreds * 100.0);
                    string text = form switch
                    {
                        0 => then.ToString("ddd, dd MMM yyyy HH:mm:ss 'GMT'", CultureInfo.InvariantCulture),
                        1 => then.ToString("dddd, dd-MMM-yy HH:mm:ss 'GMT'", CultureInfo.InvariantCulture),
                        _ => then.ToString("ddd MMM ", CultureInfo.InvariantCulture)
                            + then.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2)
                            + then.ToString(" HH:mm:ss yyyy", CultureInfo.InvariantCulture),
                    };
                    Assert.Equal(then > now ? then - now : TimeSpan.Zero, RetryAfter.Parse(text, now));
                },
                iter: Fuzz.Ran("HTTP dates", 50_000)
            );

    [Fact]
    public void Dates_of_any_text_give_no_negative_time() =>
        Gen.Select(Mixture("Sun", "Sunday", ", ", "06", " ", "-", ":", "Nov", "94", "1994", "9999", "GMT", "12:00:00"), Gen.Int[1, 9999])
            .Sample(
                (bytes, year) =>
                    Assert.True(
                        RetryAfter.Parse(Encoding.UTF8.GetString(bytes), new DateTimeOffset(year, 12, 31, 0, 0, 0, TimeSpan.Zero))
                            is not { } wait
                            || wait >= TimeSpan.Zero
                    ),
                iter: Fuzz.Ran("dates of any text", 50_000)
            );

    [Fact]
    public void Opt_outs_of_any_text_are_one_of_the_reasons() =>
        Mixture("noai", "noindex", "none", ",", ":", "DataFreeKD", "otherbot", "*", " ", "unavailable_after", "1")
            .Sample(
                bytes =>
                {
                    string text = Encoding.UTF8.GetString(bytes);
                    Assert.Contains(OptOut.FromHeaders([new("X-Robots-Tag", text)], "DataFreeKD") ?? "", Reasons);
                    Assert.Contains(OptOut.FromMeta("robots", text, "DataFreeKD") ?? "", Reasons);
                },
                iter: Fuzz.Ran("opt-outs", 50_000)
            );

    [Theory]
    [InlineData(".txt")]
    [InlineData(".csv")]
    [InlineData(".tsv")]
    [InlineData(".jsonl")]
    [InlineData(".json")]
    public void URL_lists_of_any_bytes_give_entries(string extension)
    {
        using TempFolder folder = new();
        int file = 0;
        Mixture(
                "https://example.org/",
                "http://",
                "a",
                ",",
                "\t",
                "\"",
                "\"\"",
                "\n",
                "\r\n",
                "{\"url\":",
                "}",
                "[",
                "]",
                "null",
                "\\ud800",
                "#",
                "\uFEFF",
                "1"
            )
            .Sample(
                bytes =>
                {
                    string list = folder[$"{Interlocked.Increment(ref file)}{extension}"];
                    File.WriteAllBytes(
                        list,
                        extension is ".csv" or ".tsv"
                            ? [.. Encoding.ASCII.GetBytes(extension == ".csv" ? "url,caption\n" : "url\tcaption\n"), .. bytes]
                            : bytes
                    );
                    try
                    {
                        Assert.All(UrlList.Read(list, new UrlColumns(), CancellationToken.None), listed =>
                            Assert.True(listed.Url is null || listed.Url.Scheme is "http" or "https")
                        );
                    }
                    catch (Exception refused)
                        when (refused is CrawlException or TableException && extension.StartsWith(".json", StringComparison.Ordinal))
                    {
                        // An array that breaks off, or no address anywhere.
                    }
                    File.Delete(list);
                },
                iter: Fuzz.Ran($"lists {extension}", 1_000)
            );
    }

    [Fact]
    public void CSV_lists_give_back_what_was_written_and_broken_lines_between_take_nothing_along()
    {
        using TempFolder folder = new();
        int file = 0;
        Gen<string> caption = Gen.Char["ab,\"\n'\t "].Array[0, 8].Select(letters => new string(letters));
        Gen.Select(caption, Gen.Int[0, 3])
            .Array[1, 12]
            .Sample(
                rows =>
                {
                    string list = folder[$"{Interlocked.Increment(ref file)}.csv"];
                    StringBuilder text = new("url,caption\n");
                    List<(string?, string?)> expected = new();
                    for (int i = 0; i < rows.Length; i++)
                    {
                        if (rows[i].Item2 == 0)
                        {
                            text.Append("one,two,three\n");
                            expected.Add((null, null));
                        }
                        text.Append(
                            CultureInfo.InvariantCulture,
                            $"https://example.org/{i},\"{rows[i].Item1.Replace("\"", "\"\"", StringComparison.Ordinal)}\"\n"
                        );
                        expected.Add(($"https://example.org/{i}", rows[i].Item1));
                    }
                    File.WriteAllText(list, text.ToString());
                    Assert.Equal(
                        expected,
                        UrlList
                            .Read(list, new UrlColumns(), CancellationToken.None)
                            .Select(listed => (listed.Url?.AbsoluteUri, listed.Columns.GetValueOrDefault("caption")))
                    );
                    File.Delete(list);
                },
                iter: Fuzz.Ran("CSV lists there and back", 1_000)
            );
    }

    private static readonly string[] Reasons = ["", "noai", "noindex", "tdm_reserved"];

    /// <summary>Random bytes and the words that a format is made of, in any order.</summary>
    private static Gen<byte[]> Mixture(params string[] words) =>
        Gen.Frequency((5, Gen.Int[0, words.Length - 1].Select(word => Encoding.UTF8.GetBytes(words[word]))), (1, Gen.Byte.Array[0, 6]))
            .Array[0, 24]
            .Select(parts => parts.SelectMany(part => part).ToArray());

    private static bool Sound(PageLinks links)
    {
        Uri[] all = [.. links.Images, .. links.Pages];
        return all.All(link => link is { IsAbsoluteUri: true, Scheme: "http" or "https", Fragment: "" })
            && all.Select(link => link.AbsoluteUri).Distinct().Count() == all.Length
            && (links.OptOut is null || Reasons.Contains(links.OptOut));
    }

    /// <summary>By the RFC's words: all matches, the longest, allow on a tie.</summary>
    private static bool NaiveAllows((string Pattern, bool Allow)[] rules, string path)
    {
        (string Pattern, bool Allow)[] matches =
        [
            .. rules.Where(rule => Regex.IsMatch(path, Expression(rule.Pattern), RegexOptions.Singleline)),
        ];
        int longest = matches.Select(rule => Octets(rule.Pattern)).DefaultIfEmpty(0).Max();
        return matches.Length == 0 || matches.Any(rule => rule.Allow && Octets(rule.Pattern) == longest);
    }

    private static string Expression(string pattern)
    {
        bool anchored = pattern.EndsWith('$');
        return "^"
            + Regex.Escape(anchored ? pattern[..^1] : pattern).Replace("\\*", ".*", StringComparison.Ordinal)
            + (anchored ? "\\z" : "");
    }

    // A plain $ counts as its encoding, %24.
    private static int Octets(string pattern) => pattern.Length + 2 * pattern[..^1].Count(letter => letter == '$');
}
