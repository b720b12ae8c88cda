// The last pass: the rows taken, in the order of their rank, with all their columns.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector;

/// <summary>Writes a selection.</summary>
internal static class SelectionTable
{
    /// <summary>Collects the chosen rows and writes them by rank; returns the rows by class.</summary>
    public static IReadOnlyDictionary<string, long> Write(Passes passes, Survey survey, IReadOnlyList<RankedRow> chosen)
    {
        SelectOptions options = passes.Options;
        int[] byRow = [.. Enumerable.Range(0, chosen.Count).OrderBy(rank => chosen[rank].Row)];
        using TableReader table = Table.Open(options.Scores);
        // A selection of a selection replaces its columns.
        int[] kept = [.. Enumerable.Range(0, table.Header.Columns.Count).Where(at => !Columns.Selection.Contains(table.Header.Columns[at]))];
        using RowSpool spool = new(options.Output, chosen.Count);
        string?[] classes = new string?[chosen.Count];
        long row = 0;
        for (int next = 0; next < byRow.Length; row++)
        {
            if (!table.Read()) throw new TableException($"{options.Scores} changed while it was read; select again when whatever writes it is done");
            if ((row & 0xFFFF) == 0xFFFF) passes.Report(1 << 16);
            int rank = byRow[next];
            if (chosen[rank].Row != row) continue;
            spool.Add(rank, Fields(table, kept, options));
            classes[rank] = ClassOf(table);
            next++;
        }
        Dictionary<string, long> counts = classes.CountBy(name => name ?? "").OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(pair => pair.Key, pair => (long)pair.Value);
        using TableWriter writer = Table.Create(options.Output, [.. kept.Select(at => table.Header.Columns[at]), .. Columns.Selection]);
        for (int rank = 0; rank < chosen.Count; rank++)
        {
            double weight = options.Weight == RowWeight.Uniform ? 1 : (double)chosen.Count / (counts.Count * counts[classes[rank] ?? ""]);
            writer.Write([.. spool.Read(rank), (rank + 1).ToString(CultureInfo.InvariantCulture), Numbers.Format(chosen[rank].Score), Numbers.Format(weight)]);
        }
        writer.Commit();
        return counts;
    }

    private static string[] Fields(TableReader table, int[] kept, SelectOptions options)
    {
        string[] fields = [.. kept.Select(table.Text)];
        int path = Array.FindIndex(kept, at => table.Header.Columns[at] == "path");
        if (!Path.IsPathRooted(fields[path])) fields[path] = ManifestPath.ToTable(ManifestPath.FromTable(fields[path], options.Scores), options.Output);
        return fields;
    }

    private static string? ClassOf(TableReader table)
    {
        if (table.Header.IndexOf("class_name") is >= 0 and var name && table.Text(name) is { Length: > 0 } known) return known;
        return table.Header.IndexOf("prediction") is >= 0 and var prediction ? table.Text(prediction) : null;
    }
}
