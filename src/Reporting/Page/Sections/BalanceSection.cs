// How many images of each predicted class, pool against selection.

using DataFreeKD.Reporting.Plots;
using DataFreeKD.Reporting.Pool;

namespace DataFreeKD.Reporting.Page.Sections;

/// <summary>The balance of classes.</summary>
internal static class BalanceSection
{
    private const int Drawn = 20,
        Listed = 200;

    public static SectionView? Of(ReportMaterial material)
    {
        IReadOnlyList<PoolClass> classes = material.Survey.Classes;
        if (classes.Count == 0 || classes is [{ Key: PoolCursor.NoClass }])
            return null;
        SelectionSurvey? selection = material.Selection;
        long usable = material.Survey.Usable,
            taken = selection?.Rows ?? 0;
        long Selected(PoolClass of) => selection?.Classes.GetValueOrDefault(of.Key) ?? 0;
        string Name(PoolClass of) => of.Key == PoolCursor.NoClass ? "(no prediction)" : Wording.Foreign(of.Name);

        (string, double, double?)[] bars =
        [
            .. classes
                .Take(Drawn)
                .Select(of =>
                    (Name(of), 100.0 * of.Count / usable, selection is null ? (double?)null : 100.0 * Selected(of) / Math.Max(1, taken))
                ),
        ];
        string title =
            $"Bars of the share of each predicted class{(selection is null ? "" : " in the pool and in the selection")}; the figures are in the table below.";
        string[] header = selection is null ? ["class", "pool", "share"] : ["class", "pool", "share", "selected", "share of selected"];
        TableView table = new(
            "Images by predicted class",
            header,
            [
                .. classes
                    .Take(Listed)
                    .Select(of =>
                        (string[])
                            [
                                Name(of),
                                Wording.Number(of.Count),
                                Wording.Percent(of.Count, usable),
                                .. selection is null ? (string[])[] : [Wording.Number(Selected(of)), Wording.Percent(Selected(of), taken)],
                            ]
                    ),
            ]
        );
        List<LegendView> legend = [new("pool", "pool")];
        if (selection is not null)
            legend.Add(new("selected-bar", "selected"));
        PlotView plot = new("classes", "Classes", "", Draw.Bars(bars, "classes", title), legend, table);
        return new SectionView("balance", "Class balance", Template.Render("balance", new BalanceView(Text(material, classes), plot)));
    }

    private static string Text(ReportMaterial material, IReadOnlyList<PoolClass> classes)
    {
        string shown =
            classes.Count > Drawn
                ? $" The {Drawn} most frequent are drawn; the table has {(classes.Count > Listed ? $"{Listed} of them" : "all")}."
                : "";
        string pool = FormattableString.Invariant(
            $"The class is the teacher's prediction, not a label. Evenness, 0 for one class alone and 1 for equal shares: {Evenness(classes.Select(of => of.Count)):0.000} in the pool"
        );
        string selection = material.Selection is { } of
            ? FormattableString.Invariant(
                $", {Evenness(classes.Select(known => of.Classes.GetValueOrDefault(known.Key))):0.000} in the selection"
            )
            : "";
        return $"{pool}{selection}.{shown}";
    }

    /// <summary>The entropy of the shares over the logarithm of their number (Pielou 1966).</summary>
    internal static double Evenness(IEnumerable<long> counts)
    {
        long[] all = [.. counts];
        double total = all.Sum();
        if (all.Length < 2 || total == 0)
            return 0;
        // Adding 0 turns the −0 of a single class into 0.
        return (-all.Where(count => count > 0).Sum(count => count / total * Math.Log(count / total)) / Math.Log(all.Length)) + 0.0;
    }
}
