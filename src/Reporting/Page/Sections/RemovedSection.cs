// What each filter removed: statuses and reasons of the scores, and the records beside the tables.

using DataFreeKD.Manifests;

namespace DataFreeKD.Reporting.Page.Sections;

/// <summary>From files to selection.</summary>
internal static class RemovedSection
{
    public static SectionView Of(ReportMaterial material)
    {
        long rows = material.Survey.Rows;
        TableView statuses = new(
            "Rows of the scores table",
            ["status", "meaning", "rows", "share"],
            [
                .. material.Survey.Counts.Select(pair =>
                    (string[])
                        [
                            Wording.Foreign(pair.Key),
                            pair.Key == Status.Ok ? "usable" : ReasonWords.InWords(pair.Key),
                            Wording.Number(pair.Value),
                            Wording.Percent(pair.Value, rows),
                        ]
                ),
            ]
        );
        List<TableView> steps = [],
            options = [];
        if (material.Selection is { } selection)
            steps.Add(Selection(material, selection.Rows));
        if (material.Origins.Scores is { } scores)
            options.Add(Options("How the images were scored", scores));
        if (material.Origins.Selection is { } selected)
            options.Add(Options("How the selection was made", selected));
        return new SectionView("removed", "What was removed", Template.Render("removed", new RemovedView(statuses, steps, options)));
    }

    private static TableView Selection(ReportMaterial material, long selected)
    {
        long usable = material.Survey.Usable;
        List<string[]> lines =
        [
            ["usable", Wording.Number(usable)],
        ];
        long copies = material.Origins.Selection?.Counts.GetValueOrDefault("duplicates_dropped") ?? 0;
        if (copies > 0)
            lines.Add(["left out as copies, among the best rows", Wording.Number(copies)]);
        lines.Add(["below the line of their class", Wording.Number(usable - selected - copies)]);
        lines.Add(["selected", Wording.Number(selected)]);
        return new TableView("From usable to selected", ["", "images"], lines);
    }

    private static TableView Options(string caption, Provenance of) =>
        new(
            caption,
            ["option", "value"],
            [
                .. of
                    .Options.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Where(pair => pair.Value.Length > 0)
                    .Select(pair => (string[])[Wording.Foreign(pair.Key), Wording.Foreign(pair.Value)]),
                .. of.Seed is { } seed
                    ? (string[][])
                        [
                            ["seed", seed.ToString(System.Globalization.CultureInfo.InvariantCulture)],
                        ]
                    : [],
                ["version", Wording.Foreign(of.Version)],
            ]
        );
}
