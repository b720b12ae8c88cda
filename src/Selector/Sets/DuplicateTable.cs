// The near duplicates of a selection, by group, for whoever wants to see what was left out.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Sets;

/// <summary>Writes <c>NAME.duplicates.csv</c> beside a selection.</summary>
internal static class DuplicateTable
{
    private static readonly string[] Header = [Columns.DuplicateGroup, "path", "kept", "by", "distance", "selection_score"];

    /// <summary>The file beside a selection.</summary>
    public static string PathBeside(string output) => Path.ChangeExtension(output, $".duplicates{Path.GetExtension(output)}");

    /// <summary>Writes every group, its kept row first; returns the rows left out of them. Where none were looked for, an earlier run's
    /// file goes: it would tell of another selection.</summary>
    public static int Write(Passes passes, IReadOnlyList<TakenRow> taken, IReadOnlyList<NearCopy> near)
    {
        SelectOptions options = passes.Options;
        if (!options.Set.DropsNear)
        {
            File.Delete(PathBeside(options.Output));
            return 0;
        }
        ILookup<long, NearCopy> copies = near.ToLookup(copy => copy.Like);
        List<(int Group, RankedRow Row, NearCopy? Copy)> rows = [];
        foreach (TakenRow kept in taken.Where(row => row.Group > 0).OrderBy(row => row.Group))
        {
            rows.Add((kept.Group, kept.Ranked, null));
            rows.AddRange(copies[kept.Ranked.Row].Select(copy => (kept.Group, copy.Ranked, (NearCopy?)copy)));
        }
        string[] paths = new string[rows.Count];
        RowVisit.Each(passes, [.. rows.Select(row => row.Row.Row)], (table, at) => paths[at] = SelectionTable.PathOf(table, options));
        using TableWriter writer = Table.Create(PathBeside(options.Output), Header);
        for (int at = 0; at < rows.Count; at++)
        {
            (int group, RankedRow row, NearCopy? copy) = rows[at];
            writer.Write([
                group.ToString(CultureInfo.InvariantCulture),
                paths[at],
                copy is null ? "true" : "false",
                copy?.By,
                copy is null ? null : Numbers.Format(copy.Value.Distance),
                Numbers.Format(row.Score),
            ]);
        }
        writer.Commit();
        return rows.Count(row => row.Copy is not null);
    }
}
