// The page as HTML: whole in itself, well formed, usable without eyes or a mouse, and safe from names.

using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using DataFreeKD.Manifests;

namespace DataFreeKD.Reporting.Tests;

public sealed class PageTests
{
    private static readonly string[] Hostile =
    [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title></style></svg><b>",
        "{{ 7 | times: 6 }}{% raw %}",
        "two\nlines\r\nand\ttabs",
        "עברית \u202Egnp.exe\u202C",
        "&lt;b&gt; &amp; ]]>",
        "bell\u0007 and null\u0001",
        "half \uD83D of a pair",
        "a_very_long_name_" + "0123456789abcdefghijklmnopqrstuvwxyz",
    ];

    [Fact]
    public void The_page_refers_to_nothing_outside_itself()
    {
        using ReportWorld world = new();
        IHtmlDocument page = world.Everything();

        foreach (IElement element in page.All)
        {
            foreach (
                IAttr attribute in element.Attributes.Where(attribute =>
                    attribute.Name
                        is "src"
                            or "href"
                            or "srcset"
                            or "xlink:href"
                            or "data"
                            or "poster"
                            or "action"
                            or "background"
                            or "style"
                )
            )
            {
                Assert.True(
                    attribute.Value.StartsWith('#')
                        || attribute.Value.StartsWith("data:", StringComparison.Ordinal)
                        || (attribute.Name == "style" && !attribute.Value.Contains("url", StringComparison.OrdinalIgnoreCase)),
                    $"{element.LocalName} {attribute.Name}={attribute.Value}"
                );
            }
        }
        Assert.Empty(page.QuerySelectorAll("script, iframe, object, embed, form, base"));
        string style = page.QuerySelector("style")!.TextContent;
        Assert.DoesNotMatch("(?i)url\\(|@import|@font-face", style);
        Assert.Contains(
            "default-src 'none'",
            page.QuerySelector("meta[http-equiv='Content-Security-Policy']")!.GetAttribute("content"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_page_has_no_error_of_syntax()
    {
        using ReportWorld world = new();
        world.Everything();
        List<string> errors = [];
        HtmlParser parser = new(new HtmlParserOptions { IsStrictMode = false });
        parser.Error += (_, error) => errors.Add(error.ToString()!);

        parser.ParseDocument(File.ReadAllText(world["report.html"]));

        Assert.Empty(errors);
    }

    [Fact]
    public void Ids_are_unique_and_every_reference_finds_its_target()
    {
        using ReportWorld world = new();
        IHtmlDocument page = world.Everything();

        string[] ids = [.. page.QuerySelectorAll("[id]").Select(element => element.Id!)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        string[] wanted =
        [
            .. page.QuerySelectorAll("a[href^='#']").Select(link => link.GetAttribute("href")![1..]),
            .. page.QuerySelectorAll("[aria-labelledby]").SelectMany(element => element.GetAttribute("aria-labelledby")!.Split(' ')),
        ];
        Assert.NotEmpty(wanted);
        Assert.Empty(wanted.Except(ids));
    }

    [Fact]
    public void Headings_begin_with_one_of_the_first_rank_and_never_skip_a_rank()
    {
        using ReportWorld world = new();
        IHtmlDocument page = world.Everything();

        int[] ranks = [.. page.QuerySelectorAll("h1, h2, h3, h4, h5, h6").Select(heading => heading.LocalName[1] - '0')];
        Assert.Equal(1, ranks[0]);
        Assert.Single(ranks, 1);
        Assert.All(ranks.Zip(ranks.Skip(1)), pair =>
            Assert.True(pair.Second <= pair.First + 1, $"h{pair.First} is followed by h{pair.Second}")
        );
        Assert.All(page.QuerySelectorAll("h1, h2, h3, h4"), heading => Assert.NotEqual("", heading.TextContent.Trim()));
    }

    [Fact]
    public void Every_picture_and_plot_has_a_text_in_its_place()
    {
        using ReportWorld world = new();
        IHtmlDocument page = world.Everything();

        Assert.True(page.Images.Length > 20);
        Assert.All(page.Images, image => Assert.NotEqual("", image.GetAttribute("alt") ?? ""));
        Assert.All(page.Images, image => Assert.Equal("lazy", image.GetAttribute("loading")));
        IElement[] plots = [.. page.QuerySelectorAll("figure.plot")];
        Assert.True(plots.Length >= 5);
        Assert.All(plots, plot =>
        {
            Assert.Equal("img", plot.QuerySelector("svg")!.GetAttribute("role"));
            Assert.NotEmpty(plot.QuerySelectorAll("details tbody tr"));
        });
    }

    [Fact]
    public void The_page_has_a_language_landmarks_and_a_way_past_the_navigation()
    {
        using ReportWorld world = new();
        IHtmlDocument page = world.Everything();

        Assert.Equal("en", page.DocumentElement.GetAttribute("lang"));
        foreach (string landmark in (string[])["header", "nav[aria-label]", "main", "footer"])
            Assert.Single(page.QuerySelectorAll(landmark));
        Assert.Equal("#main", page.QuerySelector("body > :first-child")!.GetAttribute("href"));
        Assert.Equal("width=device-width, initial-scale=1", page.QuerySelector("meta[name=viewport]")!.GetAttribute("content"));
        Assert.All(page.QuerySelectorAll(".scroll"), region =>
            Assert.True(
                region.GetAttribute("tabindex") == "0" && region.GetAttribute("role") == "region" && region.HasAttribute("aria-label")
            )
        );
        Assert.All(page.QuerySelectorAll("thead th"), cell => Assert.Equal("col", cell.GetAttribute("scope")));
    }

    [Fact]
    public void Names_from_outside_stay_text_wherever_they_stand()
    {
        using ReportWorld world = new();
        int at = 0;
        foreach (string name in Hostile)
        {
            // No file: what the page says of missing pictures is user text, too.
            world
                .Add(0.5, at, className: name, file: $"pool/{name}.png", picture: false, sha256: $"same{at}", select: true)
                .Add(0.6, at, className: name, file: $"pool/2{name}.png", picture: false, sha256: $"same{at}")
                .Fail(name);
            at++;
        }
        new Provenance
        {
            Version = Hostile[0],
            Command = "select",
            Options = Hostile.ToDictionary(name => "option " + name, name => name),
        }.WriteBeside(world["selected.csv"]);
        new Provenance
        {
            Version = Hostile[1],
            Command = "score",
            Options = Hostile.ToDictionary(name => "option " + name, name => name),
        }.WriteBeside(world["scores.csv"]);

        IHtmlDocument page = world.Report(options =>
            options with
            {
                Title = Hostile[0] + Hostile[3],
                ClassesShown = 20,
                Confusion = new ConfusionCounts(
                    Hostile[1],
                    Hostile,
                    [.. Hostile.Select((_, row) => (IReadOnlyList<long>)[.. Hostile.Select((_, column) => (long)(row + column))])]
                ),
            }
        );

        Assert.Empty(page.QuerySelectorAll("script, b, img[src=x], [onerror], [onmouseover]"));
        Assert.Contains(Hostile[0], page.Body!.TextContent, StringComparison.Ordinal);
        Assert.Contains("{{ 7 | times: 6 }}{% raw %}", page.Body.TextContent, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt; &amp; ]]>", page.Body.TextContent, StringComparison.Ordinal);
        Assert.Contains(Hostile[3], page.Title, StringComparison.Ordinal);
        string whole = File.ReadAllText(world["report.html"]);
        foreach (string text in (string[])[whole, page.Body.TextContent, .. page.Images.Select(image => image.GetAttribute("alt")!)])
            Assert.DoesNotMatch("[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\u202A-\\u202E\\u2066-\\u2069]", text);
        Assert.Contains("עברית", whole, StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_inputs_give_equal_bytes()
    {
        using ReportWorld world = new();
        world.Everything();
        byte[] first = File.ReadAllBytes(world["report.html"]);

        using ReportWorld again = new();
        again.Everything();

        Assert.Equal(Text(first, world), Text(File.ReadAllBytes(again["report.html"]), again));

        // The student's folder is named on the page, and is another for each world.
        static string Text(byte[] page, ReportWorld of) =>
            System.Text.Encoding.UTF8.GetString(page).Replace(of["student"], "student", StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_have_enough_contrast_in_light_and_in_dark()
    {
        using ReportWorld world = new();
        string style = world.Everything().QuerySelector("style")!.TextContent;
        Dictionary<string, string>[] schemes =
        [
            .. Regex
                .Matches(style, ":root \\{(.*?)\\}", RegexOptions.Singleline)
                .Select(block =>
                    Regex
                        .Matches(block.Groups[1].Value, "--([a-z-]+): (#[0-9a-f]{6});")
                        .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value)
                ),
        ];
        // Text 4.5, what is drawn 3 (WCAG 2.2, 1.4.3 and 1.4.11). The shaded cell is the strongest shade of a confusion.
        (string Front, string Back, double Least)[] pairs =
        [
            ("ink", "paper", 4.5),
            ("muted", "paper", 4.5),
            ("link", "paper", 4.5),
            ("ink", "raised", 4.5),
            ("muted", "raised", 4.5),
            ("warn-ink", "warn-paper", 4.5),
            ("ink", "shade", 4.5),
            ("pool", "paper", 3),
            ("selected", "paper", 3),
            ("mark", "paper", 3),
            ("link", "warn-paper", 3),
            ("warn-line", "paper", 3),
        ];

        Assert.Equal(2, schemes.Length);
        foreach (Dictionary<string, string> scheme in schemes)
        {
            double heat = double.Parse(
                Regex.Match(style, "--heat, 0%\\) \\* (\\.\\d+)").Groups[1].Value,
                System.Globalization.CultureInfo.InvariantCulture
            );
            scheme["shade"] = Contrast.Mixed(scheme["selected"], scheme["paper"], heat);
            Assert.All(pairs, pair =>
                Assert.True(
                    Contrast.Of(scheme[pair.Front], scheme[pair.Back]) >= pair.Least,
                    $"{pair.Front} on {pair.Back}: {Contrast.Of(scheme[pair.Front], scheme[pair.Back]):F2}"
                )
            );
        }
        // No colour but those above: every rule names one of them.
        string rules = Regex.Replace(style, ":root \\{.*?\\}", "", RegexOptions.Singleline);
        Assert.DoesNotMatch("#[0-9a-fA-F]{3,8}\\b", rules);
        Assert.Empty(Regex.Matches(rules, "var\\(--([a-z-]+)").Select(match => match.Groups[1].Value).Except([.. schemes[0].Keys, "heat"]));
    }
}
