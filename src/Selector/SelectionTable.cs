// The last pass: the rows taken, in the order of their rank or from easy to hard, with all their columns.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;
using DataFreeKD.Selector.Sets;

namespace DataFreeKD.Selector;

/// <summary>Writes a selection.</summary>
internal static class SelectionTable
{
    private static readonly HashSet<string> Ours = [.. Columns.Selection, Columns.DuplicateGroup, Columns.Difficulty];

    /// <summary>Collects the rows taken and writes them; returns their class names, and the rows by class.</summary>
    public static (IReadOnlyList<string> Classes, IReadOnlyDictionary<string, long> Counts) Write(
        Passes passes,
        IReadOnlyList<TakenRow> taken
    )
    {
        SelectOptions options = passes.Options;
        // A selection of a selection replaces its columns.
        string[] kept;
        using (TableReader table = Table.Open(options.Scores))
            kept = [.. table.Header.Columns.Where(column => !Ours.Contains(column))];
        using RowSpool spool = new(options.Output, taken.Count);
        string[] classes = new string[taken.Count];
        double[] ease = new double[taken.Count];
        RowVisit.Each(passes, [.. taken.Select(row => row.Ranked.Row)], (table, at) =>
        {
            spool.Add(at, [.. kept.Select(column => column == "path" ? PathOf(table, options) : table.Text(table.Header.IndexOf(column)))]);
            classes[at] = ClassOf(table) ?? "";
            if (options.Set.Order == RowOrder.Curriculum)
                ease[at] = SetChoice.ConfidenceOf(table, options);
        });
        Dictionary<string, long> counts = classes
            .CountBy(name => name)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .ToDictionary(pair => pair.Key, pair => (long)pair.Value);
        double[] weights = RowWeights.Of(options.Weight, taken, classes, counts);
        using TableWriter writer = Table.Create(options.Output, [.. kept, .. Added(options.Set)]);
        foreach (int at in Enumerable.Range(0, taken.Count).OrderByDescending(at => ease[at]))
        {
            List<string?> fields =
            [
                .. spool.Read(at),
                (at + 1).ToString(CultureInfo.InvariantCulture),
                Numbers.Format(taken[at].Ranked.Score),
                Numbers.Format(weights[at]),
            ];
            if (options.Set.DropsNear)
                fields.Add(taken[at].Group > 0 ? taken[at].Group.ToString(CultureInfo.InvariantCulture) : null);
            if (options.Set.Difficulty is not null)
                fields.Add(Name(taken[at].Difficulty));
            writer.Write(fields);
        }
        writer.Commit();
        return (classes, counts);
    }

    /// <summary>The current row's path as it stands in the output's table.</summary>
    public static string PathOf(TableReader table, SelectOptions options)
    {
        string path = table.Text(table.Header.Require("path"));
        return Path.IsPathRooted(path) ? path : ManifestPath.ToTable(ManifestPath.FromTable(path, options.Scores), options.Output);
    }

    private static IEnumerable<string> Added(SetOptions set) =>
        [
            .. Columns.Selection,
            .. set.DropsNear ? [Columns.DuplicateGroup] : (string[])[],
            .. set.Difficulty is null ? (string[])[] : [Columns.Difficulty],
        ];

    private static string? Name(Difficulty? level) =>
        level switch
        {
            Difficulty.Easy => "easy",
            Difficulty.Medium => "medium",
            Difficulty.Hard => "hard",
            _ => null,
        };

    private static string? ClassOf(TableReader table)
    {
        if (table.Header.IndexOf("class_name") is >= 0 and var name && table.Text(name) is { Length: > 0 } known)
            return known;
        return table.Header.IndexOf("prediction") is >= 0 and var prediction ? table.Text(prediction) : null;
    }
}
