// What the page says of a pool, against counts made by hand.

using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using DataFreeKD.Manifests;

namespace DataFreeKD.Reporting.Tests;

public sealed class ReportTests
{
    [Fact]
    public void The_summary_counts_what_the_tables_hold()
    {
        using ReportWorld world = new();
        world.Fill(30).Fail("truncated").Fail("truncated").Fail("unknown_format");

        IHtmlDocument page = world.Report(out ReportSummary summary);

        Assert.Equal((33, 30, 8), (summary.Rows, summary.Usable, summary.Selected));
        string text = Text(page, "#summary");
        Assert.Contains(
            "30 of 33 images (90.9 %) could be read and scored; 3 could not: 2 cut off in the middle, 1 in no known image format.",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "8 images were selected: 26.7 % of those that can be used, from 3 predicted classes.",
            text,
            StringComparison.Ordinal
        );
        Assert.Equal(
            [
                ["ok", "usable", "30", "90.9 %"],
                ["failed/truncated", "cut off in the middle", "2", "6.1 %"],
                ["failed/unknown_format", "in no known image format", "1", "3.0 %"],
            ],
            Cells(page.QuerySelector("#removed table")!)
        );
    }

    [Fact]
    public void A_histogram_counts_every_usable_row_once()
    {
        using ReportWorld world = new();
        world.Fill(90).Fail("truncated");

        IHtmlDocument page = world.Report();

        IElement plot = page.QuerySelectorAll("#scores figure.plot")
            .Single(figure => figure.QuerySelector("h3")!.TextContent == "Entropy, nats");
        string[][] bins = Cells(plot.QuerySelector("table")!);
        Assert.Equal(90, bins.Sum(bin => int.Parse(bin[2], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(23, bins.Sum(bin => int.Parse(bin[3], System.Globalization.CultureInfo.InvariantCulture)));
        // Entropies are spread evenly over [0, 2): 40 bins of two or three.
        Assert.All(bins, bin => Assert.InRange(int.Parse(bin[2], System.Globalization.CultureInfo.InvariantCulture), 1, 4));
        Assert.Contains("95 % of the selected are below", plot.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Strips_hold_the_highest_the_lowest_the_median_and_those_at_the_line()
    {
        using ReportWorld world = new();
        for (int at = 0; at < 21; at++)
            world.Add(0.1 * at, select: at < 8);

        IHtmlDocument page = world.Report(options => options with { ImagesPerStrip = 3 });

        Assert.Equal(["0 ✓", "-0.1 ✓", "-0.2 ✓"], Captions("Best"));
        Assert.Equal(["-1.8", "-1.9", "-2"], Captions("Worst"));
        Assert.Equal(["-0.9", "-1", "-1.1"], Captions("Median"));
        // The last selected is the row of 0.7: one of its neighbours is above the line, one below.
        Assert.Equal(["-0.6 ✓", "-0.7 ✓", "-0.8"], Captions("Borderline"));

        string[] Captions(string strip) =>
            [
                .. page.QuerySelectorAll(".strip")
                    .Single(of => of.QuerySelector("h4")!.TextContent.StartsWith(strip, StringComparison.Ordinal))
                    .QuerySelectorAll("figcaption")
                    .Select(caption => caption.TextContent),
            ];
    }

    [Fact]
    public void A_line_on_another_scale_is_not_drawn()
    {
        using ReportWorld world = new();
        for (int at = 0; at < 21; at++)
            world.Add(0.1 * at, select: at < 8);

        IHtmlDocument page = world.Report(options => options with { Ranking = new RowRanking("path length", row => row.Text(0).Length) });

        Assert.DoesNotContain(page.QuerySelectorAll("h4"), title => title.TextContent.StartsWith("Borderline", StringComparison.Ordinal));
        Assert.Contains("The selection ranked by something else", Text(page, "#images"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_is_shown_once_and_listed_with_its_like()
    {
        using ReportWorld world = new();
        world.Add(0.1, sha256: "a").Add(0.2, sha256: "b").Add(0.1, sha256: "a").Add(0.1, sha256: "a").Add(0.3, sha256: "c");

        IHtmlDocument page = world.Report();

        IElement group = Assert.Single(page.QuerySelectorAll(".groups > li"));
        Assert.Equal(["pool/0.png", "pool/2.png", "pool/3.png"], group.QuerySelectorAll(".paths li").Select(path => path.TextContent));
        Assert.Single(group.QuerySelectorAll("img"));
        Assert.Contains("1 group with 2 images too many", Text(page, "#copies"), StringComparison.Ordinal);
        IElement best = page.QuerySelector(".strip")!;
        Assert.Equal(["pool/0.png", "pool/1.png", "pool/4.png"], best.QuerySelectorAll("img").Select(image => image.GetAttribute("title")));
    }

    [Fact]
    public void Different_files_of_one_look_are_a_group_but_exact_copies_of_one_are_not()
    {
        using ReportWorld world = new();
        world
            .Add(0.1, sha256: "a", phash: "000000000000000f")
            .Add(0.2, sha256: "a", phash: "000000000000000f")
            .Add(0.3, sha256: "b", phash: "00000000000000f0")
            .Add(0.4, sha256: "c", phash: "00000000000000f0")
            .Add(0.5, sha256: "d", phash: "0000000000000f00");

        IHtmlDocument page = world.Report();

        IElement[] groups = [.. page.QuerySelectorAll(".groups > li")];
        Assert.Equal(
            [
                ["pool/0.png", "pool/1.png"],
                ["pool/2.png", "pool/3.png"],
            ],
            groups.Select(group => group.QuerySelectorAll(".paths li").Select(path => path.TextContent).ToArray())
        );
        Assert.Equal(["Exact copies", "Look alike"], page.QuerySelectorAll("#copies h3").Select(title => title.TextContent));
    }

    [Fact]
    public void Looks_that_differ_in_a_few_bits_are_a_group_and_the_largest_comes_first()
    {
        using ReportWorld world = new();
        world
            .Add(0.1, phash: "0000000000000000")
            .Add(0.2, phash: "00000000000fff00")
            .Add(0.3, phash: "00000000000ffe00")
            .Add(0.4, phash: "000000000000000f")
            .Add(0.5, phash: "0000000000000003")
            .Add(0.6, phash: "000000000000001f")
            .Add(0.7, phash: "no hash")
            .Fail("truncated");

        IHtmlDocument page = world.Report();

        IElement[] groups = [.. page.QuerySelectorAll(".groups > li")];
        Assert.Equal(
            [
                ["pool/0.png", "pool/3.png", "pool/4.png"],
                ["pool/1.png", "pool/2.png"],
            ],
            groups.Select(group => group.QuerySelectorAll(".paths li").Select(path => path.TextContent).ToArray())
        );
        Assert.Contains("2 groups with 3 images too many", page.QuerySelector("#copies")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_end_where_their_budget_ends()
    {
        using ReportWorld world = new();
        world.Fill(40);
        long all = Bytes(world.Report());

        IHtmlDocument page = world.Report(options => options with { MaxImageBytes = all / 4 });

        Assert.InRange(Bytes(page), 1, all / 4);
        Assert.Contains("left out, so that the page stays small", Text(page, "#images"), StringComparison.Ordinal);

        // A picture in two strips is one picture.
        static long Bytes(IHtmlDocument page) =>
            page.QuerySelectorAll("#images img")
                .Select(image => image.GetAttribute("src")!)
                .Distinct()
                .Sum(source => Convert.FromBase64String(source["data:image/webp;base64,".Length..]).LongLength);
    }

    [Fact]
    public void Attention_stands_beside_each_shown_image_and_is_asked_for_no_other()
    {
        using ReportWorld world = new();
        HashSet<string> asked = [];
        IHtmlDocument page = world
            .Fill(60)
            .Report(options =>
                options with
                {
                    ImagesPerStrip = 2,
                    Attention = paths =>
                    {
                        Assert.All(paths, path => Assert.True(asked.Add(path), $"{path} was asked for twice"));
                        return ReportWorld.Gaze(paths);
                    },
                }
            );

        string[] shown =
        [
            .. page.QuerySelectorAll("#images .pair > img:first-child").Select(image => world[image.GetAttribute("title")!]).Distinct(),
        ];
        Assert.Equal(asked.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
        Assert.Equal(page.QuerySelectorAll("#images .pair").Length, page.QuerySelectorAll("#images img.attention").Length);
    }

    [Fact]
    public void Curves_and_confusions_of_the_student_are_told_in_figures()
    {
        using ReportWorld world = new();
        IHtmlDocument page = world.Everything();

        Assert.Equal(
            ["Agreement with the teacher, held-out images", "Loss", "kd", "Learning rate"],
            page.QuerySelectorAll("#student figure.plot h3").Select(title => title.TextContent)
        );
        Assert.Contains("17 of 20 images decided as labelled (85.0 %)", Text(page, "#student"), StringComparison.Ordinal);
        Assert.Equal(["8", "2", "80.0 %"], page.QuerySelectorAll(".confusion tbody tr:first-child td").Select(cell => cell.TextContent));
        Assert.Equal(
            [
                ["cat", "dog", "2", "20.0 %"],
                ["dog", "cat", "1", "10.0 %"],
            ],
            Cells(page.QuerySelectorAll("#student table")[^1])
        );
    }

    [Fact]
    public void The_balance_lists_every_class_of_pool_and_selection()
    {
        using ReportWorld world = new();
        for (int at = 0; at < 10; at++)
            world.Add(0.1 * at, at < 7 ? 0 : 1, select: at is 0 or 8);

        IHtmlDocument page = world.Report();

        Assert.Equal(
            [
                ["class0", "7", "70.0 %", "1", "50.0 %"],
                ["class1", "3", "30.0 %", "1", "50.0 %"],
            ],
            Cells(page.QuerySelector("#balance table")!)
        );
        // −(0.7 ln 0.7 + 0.3 ln 0.3)/ln 2 = 0.881.
        Assert.Contains("0.881 in the pool, 1.000 in the selection", Text(page, "#balance"), StringComparison.Ordinal);
    }

    [Fact]
    public void Copies_are_counted_exactly_in_a_large_pool()
    {
        using ReportWorld world = new();
        world.Fill(3000, pictures: false);
        for (int at = 0; at < 500; at++)
            world.Add(1, sha256: $"sha{1 + at}", picture: false);

        IHtmlDocument page = world.Report(out ReportSummary summary, options => options with { ImagesPerStrip = 0 });

        Assert.Equal(3500, summary.Usable);
        Assert.Contains(
            "500 groups with 500 images too many. The 12 largest groups are shown.",
            Text(page, "#copies"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_table_of_paths_alone_still_gives_a_page()
    {
        using ReportWorld world = new();
        File.WriteAllText(world["scores.csv"], "path\na.jpg\nb.jpg\n");

        ReportSummary summary = ReportRun.Execute(
            new ReportOptions { Scores = world["scores.csv"], Output = world["report.html"] },
            cancel: TestContext.Current.CancellationToken
        );

        Assert.Equal((2, 2), (summary.Rows, summary.Usable));
        Assert.Contains(summary.Warnings, warning => warning.Contains("no score to rank by", StringComparison.Ordinal));
    }

    [Fact]
    public void Bad_input_is_told_in_one_line()
    {
        using ReportWorld world = new();
        ReportOptions options = world.Fill(3).Options();
        CancellationToken cancel = TestContext.Current.CancellationToken;

        Assert.Contains(
            "name a .html file",
            Assert.Throws<ReportException>(() => ReportRun.Execute(options with { Output = world["report.pdf"] }, cancel: cancel)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is no directory",
            Assert.Throws<ReportException>(() => ReportRun.Execute(options with { Student = world["nobody"] }, cancel: cancel)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "does not exist",
            Assert
                .Throws<TableException>(() => ReportRun.Execute(options with { Selection = world["nothing.csv"] }, cancel: cancel))
                .Message,
            StringComparison.Ordinal
        );
        Assert.False(File.Exists(world["report.html"]));
    }

    private static string Text(IHtmlDocument page, string selector) => page.QuerySelector(selector)!.TextContent;

    private static string[][] Cells(IElement table) =>
        [.. table.QuerySelectorAll("tbody tr").Select(row => row.Children.Select(cell => cell.TextContent).ToArray())];
}
