// A histogram for each score, pool against selection, with the lines that matter.

using DataFreeKD.Reporting.Plots;
using DataFreeKD.Reporting.Pool;

namespace DataFreeKD.Reporting.Page.Sections;

/// <summary>Where the scores lie.</summary>
internal static class ScoresSection
{
    // A line that all the selected rows are beyond would be drawn by the oddest of them.
    private const double Nearly = 0.05;

    public static SectionView? Of(ReportMaterial material)
    {
        List<PlotView> plots = [];
        bool ranked = material.Ranking is not null && material.Detail.Ranks is not null;
        // A table that has the ranking as a column has its histogram already.
        if (ranked && material.Survey.Of("selection_score") is null)
            plots.Add(Ranking(material));
        for (int at = 0; at < material.Survey.Columns.Count; at++)
        {
            if (material.Detail.Histograms[at] is { } histogram)
                plots.Add(Column(material, at, histogram));
        }
        return plots.Count == 0 ? null : new SectionView("scores", "Scores", Template.Render("scores", new ScoresView(plots)));
    }

    private static PlotView Ranking(ReportMaterial material)
    {
        Histogram? selected = material.Selection?.Ranks is { Total: > 0 } ranks ? ranks : null;
        List<Mark> marks = [];
        if (material.Selection is { Lowest.Count: > 0 } selection)
        {
            double low = selection.Lowest.Values.Min(),
                high = selection.Lowest.Values.Max();
            if (low.Equals(high))
                marks.Add(new Mark(low, $"line of the selection: {Wording.Figure(low)}"));
            else
                marks.AddRange([
                    new Mark(low, $"line of the most lenient class: {Wording.Figure(low)}"),
                    new Mark(high, $"line of the strictest class: {Wording.Figure(high)}"),
                ]);
        }
        return Plot(
            "ranking",
            "Ranking score",
            $"What the images are ranked by ({Wording.Foreign(material.Ranking!.Name)}); higher is more useful.",
            material.Detail.Ranks!,
            selected,
            marks
        );
    }

    private static PlotView Column(ReportMaterial material, int at, Histogram histogram)
    {
        ScoreColumn column = material.Survey.Columns[at];
        Histogram? selected = material.Selection?.Histograms[at] is { Total: > 0 } of ? of : null;
        List<Mark> marks = [];
        if (
            selected is not null
            && column.Direction != 0
            && material.Selection!.Samples[at].Quantile(column.Direction > 0 ? Nearly : 1 - Nearly) is var line
            && double.IsFinite(line)
        )
            marks.Add(new Mark(line, $"95 % of the selected are {(column.Direction > 0 ? "above" : "below")} {Wording.Figure(line)}"));
        return Plot($"score-{at}", Wording.Foreign(column.Title), column.Meaning, histogram, selected, marks);
    }

    private static PlotView Plot(string id, string title, string text, Histogram pool, Histogram? selected, IReadOnlyList<Mark> marks)
    {
        List<LegendView> legend = [new("pool", $"pool, {Wording.Count(pool.Total, "image")}")];
        if (selected is not null)
            legend.Add(new("selected", $"selected, {Wording.Count(selected.Total, "image")}"));
        legend.AddRange(marks.Select(mark => new LegendView("mark", mark.Label)));
        IReadOnlyList<double> edges = pool.Bins.Edges;
        TableView table = new(
            $"{title}: images by bin",
            selected is null ? ["from", "to", "pool"] : ["from", "to", "pool", "selected"],
            [
                .. pool.Counts.Select(
                    (count, bin) =>
                        (string[])
                            [
                                bin == 0 ? "lowest" : Wording.Figure(edges[bin]),
                                bin == pool.Counts.Count - 1 ? "highest" : Wording.Figure(edges[bin + 1]),
                                Wording.Number(count),
                                .. selected is null ? (string[])[] : [Wording.Number(selected.Counts[bin])],
                            ]
                ),
            ]
        );
        string described =
            $"Histogram of {title}: {string.Join("; ", legend.Select(key => key.Text))}. The figures are in the table below.";
        return new PlotView(id, title, text, Draw.Histogram(pool, selected, marks, id, described), legend, table);
    }
}
