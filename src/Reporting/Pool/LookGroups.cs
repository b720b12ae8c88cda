// Different files that look alike, found in one pass.

using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.Reporting.Pool;

/// <summary>
/// Groups rows whose looks are near duplicates as <c>dfkd select --near-duplicates</c> and <c>dfkd crawl</c> judge them: the first
/// of a group stands for it. Memory is that of the index, about 30 bytes a distinct look, 42 with colours.
/// </summary>
/// <param name="coloured">Whether rows have colours; one without them cannot be compared then.</param>
/// <param name="most">Distinct looks compared at most; beyond them counts are lower bounds.</param>
internal sealed class LookGroups(bool coloured, int most = 20_000_000)
{
    private readonly NearDuplicateIndex index = new(
        NearDuplicateIndex.DefaultRadius,
        coloured ? NearDuplicateIndex.DefaultColourTolerance : null
    );
    private readonly Dictionary<long, List<long>> later = [];

    /// <summary>Whether there were more looks than are compared.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Groups of more than one row.</summary>
    public long Groups => later.Count;

    /// <summary>Rows beyond the first of each.</summary>
    public long Extra => later.Values.Sum(rows => (long)rows.Count);

    /// <summary>Takes a row; null looks are like nothing.</summary>
    public void Add(Look? look, long row)
    {
        if (look is not { } seen || (coloured && seen.Colours is null))
            return;
        if (index.Count >= most)
        {
            Overflowed = true;
            return;
        }
        if (index.FindOrAdd(seen.Hash, seen.Colours.GetValueOrDefault(), row) is not { } first)
            return;
        if (!later.TryGetValue(first, out List<long>? rows))
            later.Add(first, rows = []);
        rows.Add(row);
    }

    /// <summary>The rows of the largest groups, each in the table's order.</summary>
    public IReadOnlyList<IReadOnlyList<long>> Largest(int number) =>
        [
            .. later
                .OrderByDescending(group => group.Value.Count)
                .ThenBy(group => group.Key)
                .Take(number)
                .Select(group => (IReadOnlyList<long>)[group.Key, .. group.Value]),
        ];
}
