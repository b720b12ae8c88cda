// Quotas of classes from a table: class and share, or class and count.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Ranking;

/// <summary>What each class is to get.</summary>
/// <param name="AreCounts">Whether the numbers are rows; else they are shares of a budget, relative to their sum.</param>
/// <param name="Entries">Class name or prediction (<c>*</c> for every other class), number, and where it stands.</param>
internal sealed record QuotaFile(bool AreCounts, IReadOnlyList<(string Name, double Value, string Where)> Entries)
{
    private const string Class = "class",
        Share = "share",
        Count = "count";

    /// <summary>The quotas of a selection's options; null where they name no file.</summary>
    /// <exception cref="SelectionException">Counts and a budget, or shares of nothing.</exception>
    public static QuotaFile? Of(SelectOptions options)
    {
        if (options.QuotaFile is not { } path)
            return null;
        QuotaFile file = Read(path);
        bool sized = options.Budget.HasValue || options.Fraction.HasValue;
        return file.AreCounts != sized
            ? file
            : throw new SelectionException(
                $"{path} gives {(sized ? "counts, which are a size by themselves; leave the budget or fraction out" : "shares; give a budget or a fraction to share out")}"
            );
    }

    /// <summary>Reads .csv or .parquet with the columns <c>class</c> and either <c>share</c> or <c>count</c>.</summary>
    /// <exception cref="TableException">A row is broken; the message names its line.</exception>
    private static QuotaFile Read(string path)
    {
        using TableReader table = Table.Open(path);
        int name = table.Header.Require(Class),
            share = table.Header.IndexOf(Share),
            count = table.Header.IndexOf(Count);
        if (share < 0 == count < 0)
            throw new TableException(
                $"{path}: quotas need the column '{Class}' and one of '{Share}' (of the budget) and '{Count}' (of rows); the table has {string.Join(", ", table.Header.Columns)}"
            );
        List<(string Name, double Value, string Where)> entries = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (table.Read())
        {
            string given = table.Text(name),
                where = $"{path}: line {table.Line}: ";
            double value = table.Number(Math.Max(share, count));
            if (given.Length == 0)
                throw new TableException($"{where}the class has no name; give a name, a prediction, or * for all others");
            if (!seen.Add(given))
                throw new TableException($"{where}the class '{given}' is there twice; remove one line");
            if (!(value >= 0) || double.IsInfinity(value))
                throw new TableException(
                    $"{where}{table.Text(Math.Max(share, count))} is no {(share < 0 ? Count : Share)} for the class '{given}'; give a number, 0 or more"
                );
            if (share < 0 && (value != Math.Floor(value) || value > int.MaxValue))
                throw new TableException(
                    $"{where}{value.ToString(CultureInfo.InvariantCulture)} is no count of rows; give a whole number, or name the column '{Share}'"
                );
            entries.Add((given, value, where));
        }
        if (entries.Sum(entry => entry.Value) == 0)
            throw new TableException($"{path}: no class is given anything; give at least one class more than 0");
        return new QuotaFile(share < 0, entries);
    }
}
