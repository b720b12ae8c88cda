// Which folders cannot be understood one after the other, since each needs the next and the last the first.

namespace DataFreeKD.Architecture.Tests;

/// <summary>Finds the strongly connected components of more than one folder.</summary>
internal static class FolderCircles
{
    private const int MostReasons = 3;

    /// <summary>A line for each circle: its folders, and why each needs another of them.</summary>
    /// <param name="needs">A folder, another that it needs, and the types by which it does.</param>
    public static IReadOnlyList<string> Of(IReadOnlyCollection<(string From, string To, string Why)> needs)
    {
        ILookup<string, string> next = needs.Select(need => (need.From, need.To)).Distinct().ToLookup(need => need.From, need => need.To);
        Dictionary<string, HashSet<string>> reached = next.ToDictionary(folder => folder.Key, folder => Reached(folder.Key, next));
        return
        [
            .. reached
                .Where(folder => folder.Value.Contains(folder.Key))
                .Select(folder => Circle(folder.Key, reached))
                .DistinctBy(circle => circle[0])
                .OrderBy(circle => circle[0], StringComparer.Ordinal)
                .Select(circle => $"{string.Join(", ", circle)}: {string.Join(", ", Reasons(circle, needs))}"),
        ];
    }

    private static HashSet<string> Reached(string from, ILookup<string, string> next)
    {
        HashSet<string> reached = [];
        Stack<string> open = new(next[from]);
        while (open.TryPop(out string? folder))
        {
            if (!reached.Add(folder))
                continue;
            foreach (string further in next[folder])
                open.Push(further);
        }
        return reached;
    }

    // Those that it reaches and that reach it.
    private static string[] Circle(string folder, Dictionary<string, HashSet<string>> reached) =>
        [
            .. reached[folder]
                .Where(other => reached.TryGetValue(other, out HashSet<string>? back) && back.Contains(folder))
                .Order(StringComparer.Ordinal),
        ];

    private static IEnumerable<string> Reasons(string[] circle, IEnumerable<(string From, string To, string Why)> needs) =>
        needs
            .Where(need => circle.Contains(need.From) && circle.Contains(need.To))
            .GroupBy(need => (need.From, need.To), need => need.Why)
            .OrderBy(edge => edge.Key)
            .Select(edge => $"{edge.Key.From} needs {edge.Key.To} ({string.Join(", ", edge.Distinct().Take(MostReasons))})");
}
