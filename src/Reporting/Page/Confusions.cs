// Confusions as a matrix where it can be read, and the most frequent ones as a list.

namespace DataFreeKD.Reporting.Page;

/// <summary>Labels against decisions.</summary>
internal static class Confusions
{
    private const int MostClasses = 20,
        Listed = 20;

    public static ConfusionView View(ConfusionCounts of)
    {
        string[] names = [.. of.ClassNames.Select(Wording.Foreign)];
        long total = of.Counts.Sum(row => row.Sum()),
            right = of.Counts.Index().Sum(row => row.Item[row.Index]);
        string text =
            $"{Wording.Foreign(of.Of)}: {Wording.Number(right)} of {Wording.Count(total, "image")} decided as labelled ({Wording.Percent(right, total)}).";
        (int Label, int Decision, long Count)[] wrong =
        [
            .. of
                .Counts.Index()
                .SelectMany(row =>
                    row.Item.Index()
                        .Where(cell => cell.Index != row.Index && cell.Item > 0)
                        .Select(cell => (row.Index, cell.Index, cell.Item))
                )
                .OrderByDescending(cell => cell.Item3)
                .ThenBy(cell => cell.Item1)
                .ThenBy(cell => cell.Item2)
                .Take(Listed),
        ];
        TableView worst = new(
            "The most frequent confusions",
            ["label", "taken for", "images", "share of the label"],
            [
                .. wrong.Select(cell =>
                    (string[])
                        [
                            names[cell.Label],
                            names[cell.Decision],
                            Wording.Number(cell.Count),
                            Wording.Percent(cell.Count, of.Counts[cell.Label].Sum()),
                        ]
                ),
            ]
        );
        return new ConfusionView(
            text,
            names,
            names.Length > MostClasses ? [] : [.. of.Counts.Select((row, label) => Row(names[label], row, label))],
            worst
        );
    }

    private static ConfusionRowView Row(string name, IReadOnlyList<long> row, int label)
    {
        long total = Math.Max(1, row.Sum());
        return new ConfusionRowView(
            name,
            [.. row.Select((count, decision) => new CellView(Wording.Number(count), (int)(100 * count / total), decision == label))],
            row.Sum() == 0 ? "–" : Wording.Percent(row[label], total)
        );
    }
}
