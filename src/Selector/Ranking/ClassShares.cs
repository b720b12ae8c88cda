// How a budget is shared among classes.

namespace DataFreeKD.Selector.Ranking;

/// <summary>Shares of a budget by class.</summary>
internal static class ClassShares
{
    /// <summary>
    /// As even as the counts allow: every class gets the same, a smaller one all it has, and what it lacks goes to the others.
    /// The shares sum to the budget, or to all rows where there are fewer; a remainder goes to the largest classes.
    /// </summary>
    public static Dictionary<long, long> Equal(IReadOnlyDictionary<long, long> counts, long budget)
    {
        Dictionary<long, long> shares = [];
        int left = counts.Count;
        // Smallest first: whatever one cannot take is back in the budget when the next is served.
        foreach ((long id, long count) in counts.OrderBy(pair => pair.Value).ThenByDescending(pair => pair.Key))
        {
            long share = Math.Min(count, budget / left);
            shares[id] = share;
            budget -= share;
            left--;
        }
        return shares;
    }

    /// <summary>The numbers given by class name or prediction; <c>*</c> for the others, else nothing.</summary>
    /// <exception cref="SelectionException">A name is no class of the pool.</exception>
    public static Dictionary<long, long> Named(IReadOnlyDictionary<string, long> wanted, IReadOnlyDictionary<long, (string Name, long Count)> classes)
    {
        Dictionary<long, long> shares = classes.Keys.ToDictionary(id => id, _ => wanted.GetValueOrDefault("*"));
        foreach ((string name, long rows) in wanted.Where(pair => pair.Key != "*"))
        {
            long[] ids = [.. classes.Where(known => known.Value.Name == name || Id(known.Key) == name).Select(known => known.Key)];
            if (ids.Length != 1) throw new SelectionException($"{(ids.Length == 0 ? "no usable row is" : "more than one class is")} predicted as '{name}'; classes are {string.Join(", ", classes.OrderBy(known => known.Key).Select(known => known.Value.Name).Take(20))}{(classes.Count > 20 ? ", ..." : "")}");
            shares[ids[0]] = rows;
        }
        return shares;
    }

    private static string Id(long id) => id.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
