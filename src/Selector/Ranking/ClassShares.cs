// How a budget is shared among classes.

using System.Globalization;

namespace DataFreeKD.Selector.Ranking;

/// <summary>Shares of a budget by class.</summary>
internal static class ClassShares
{
    /// <summary>
    /// Shares in proportion to the weights, as far as the counts allow: a class that has less than its share gives all it has, and
    /// what it lacks goes to the others by their weights. Shares are whole and sum to the budget, or to all rows of weighted classes
    /// where there are fewer; remainders go to the largest fractions (Hamilton's method), of equal ones to the larger class.
    /// </summary>
    public static Dictionary<long, long> Proportional(
        IReadOnlyDictionary<long, double> weights,
        IReadOnlyDictionary<long, long> counts,
        long budget
    )
    {
        Dictionary<long, long> shares = counts.Keys.ToDictionary(id => id, _ => 0L);
        List<long> open = [.. counts.Keys.Where(id => counts[id] > 0 && weights.GetValueOrDefault(id) > 0)];
        double total = open.Sum(id => weights[id]);
        while (open.Where(id => counts[id] <= budget * weights[id] / total).ToArray() is { Length: > 0 } small)
        {
            foreach (long id in small)
                budget -= shares[id] = counts[id];
            open = [.. open.Except(small)];
            total = open.Sum(id => weights[id]);
        }
        foreach (long id in open)
            shares[id] = (long)(budget * weights[id] / total);
        long left = open.Count > 0 ? budget - open.Sum(id => shares[id]) : 0;
        foreach (
            long id in open.OrderByDescending(id => budget * weights[id] / total - shares[id])
                .ThenByDescending(id => counts[id])
                .ThenBy(id => id)
                .Take((int)left)
        )
            shares[id]++;
        return shares;
    }

    /// <summary>The numbers given by class name or prediction; <c>*</c> for the others, else 0.</summary>
    /// <param name="wanted">Name, number, and where it was given (for errors).</param>
    /// <param name="classes">The pool's classes.</param>
    /// <exception cref="SelectionException">A name is no class of the pool.</exception>
    public static Dictionary<long, T> Named<T>(
        IEnumerable<(string Name, T Value, string Where)> wanted,
        IReadOnlyDictionary<long, (string Name, long Count)> classes
    )
        where T : struct
    {
        (string Name, T Value, string Where)[] all = [.. wanted];
        T others = all.FirstOrDefault(given => given.Name == "*").Value;
        Dictionary<long, T> numbers = classes.Keys.ToDictionary(id => id, _ => others);
        foreach ((string name, T value, string where) in all.Where(given => given.Name != "*"))
        {
            long[] ids =
            [
                .. classes
                    .Where(known => known.Value.Name == name || known.Key.ToString(CultureInfo.InvariantCulture) == name)
                    .Select(known => known.Key),
            ];
            if (ids.Length != 1)
                throw new SelectionException(
                    $"{where}{(ids.Length == 0 ? "no usable row is" : "more than one class is")} predicted as '{name}'; classes are {string.Join(", ", classes.OrderBy(known => known.Key).Select(known => known.Value.Name).Take(20))}{(classes.Count > 20 ? ", ..." : "")}"
                );
            numbers[ids[0]] = value;
        }
        return numbers;
    }
}
