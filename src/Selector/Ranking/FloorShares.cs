// Shares of a budget that follow the ranking, but leave no class out.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Ranking;

/// <summary>Of each class at least <see cref="Part"/> of an equal share, or all it has; the rest goes to the best rows whatever their
/// class.</summary>
internal static class FloorShares
{
    /// <summary>Part of an equal share that every class gets.</summary>
    public const double Part = 0.25;

    /// <summary>Reads the pool once, to see how the best rows are spread over the classes.</summary>
    /// <exception cref="TableException">The table has changed.</exception>
    public static Dictionary<long, long> Of(Passes passes, Survey survey, long budget)
    {
        TopRows top = new(budget, passes.Options.DropDuplicates);
        using PoolScan scan = passes.Scan();
        while (scan.Next())
        {
            double score = scan.Score;
            if (top.Wants(score, scan.Row))
                top.Add(new RankedRow(score, scan.Row, passes.Options.DropDuplicates ? scan.Content : 0, scan.Class));
        }
        if (scan.Rows != survey.Rows || scan.Usable != survey.Usable)
            throw passes.Changed();
        return Of(
            [.. top.Best().Select(row => row.Class)],
            survey.Classes.ToDictionary(known => known.Key, known => known.Value.Count),
            budget
        );
    }

    /// <summary>The shares: going down the ranking, each class gets its rows or its floor, whichever is more, until the budget is shared
    /// out.</summary>
    /// <param name="best">Classes of the best rows, best first, as many as the budget where there are.</param>
    /// <param name="counts">Rows of each class.</param>
    /// <param name="budget">Rows to take.</param>
    public static Dictionary<long, long> Of(IReadOnlyList<long> best, IReadOnlyDictionary<long, long> counts, long budget)
    {
        long least = (long)(Part * budget / counts.Count);
        Dictionary<long, long> floors = counts.ToDictionary(known => known.Key, known => Math.Min(least, known.Value)),
            shares = new(floors),
            seen = [];
        long left = budget - floors.Values.Sum();
        foreach (long id in best)
        {
            if (left <= 0)
                break;
            long rank = seen[id] = seen.GetValueOrDefault(id) + 1;
            if (rank <= floors[id])
                continue;
            shares[id]++;
            left--;
        }
        return shares;
    }
}
