// Which images to show of each class: the best, the median, those at the line, the worst.

namespace DataFreeKD.Reporting.Pool;

/// <summary>An image picked to be shown.</summary>
/// <param name="FullPath">Where it is.</param>
/// <param name="Path">As the table has it.</param>
/// <param name="Score">Its ranking score.</param>
/// <param name="Row">Its 0-based row.</param>
internal sealed record Pick(string FullPath, string Path, double Score, long Row);

/// <summary>The rows nearest to a target, bounded.</summary>
/// <param name="number">How many are kept.</param>
/// <param name="distance">Of a score; smaller is nearer. Equal ones: the earlier row.</param>
internal sealed class Nearest(int number, Func<double, double> distance)
{
    private readonly PriorityQueue<Pick, (double Distance, long Row)> kept = new(
        Comparer<(double Distance, long Row)>.Create((a, b) => b.CompareTo(a))
    );

    /// <summary>Offers a row; its paths are read only if it is kept.</summary>
    public void Offer(double score, PoolCursor row)
    {
        (double, long) place = (distance(score), row.Row);
        if (kept.Count == number && (number == 0 || !kept.TryPeek(out _, out (double, long) furthest) || place.CompareTo(furthest) >= 0))
            return;
        if (kept.Count == number)
            kept.Dequeue();
        kept.Enqueue(new Pick(row.FullPath, row.Path, score, row.Row), place);
    }

    /// <summary>What was kept, the highest score first.</summary>
    public IReadOnlyList<Pick> Picks =>
        [.. kept.UnorderedItems.Select(item => item.Element).OrderByDescending(pick => pick.Score).ThenBy(pick => pick.Row)];
}

/// <summary>The strips of one class.</summary>
/// <param name="Class">The class.</param>
/// <param name="Line">The score at which the selection ends in this class; NaN without one.</param>
/// <param name="Number">Images a strip.</param>
internal sealed record ClassShowcase(PoolClass Class, double Line, int Number)
{
    /// <summary>The highest scores.</summary>
    public Nearest Best { get; } = new(Number, score => -score);

    /// <summary>In the middle of the class.</summary>
    public Nearest Median { get; } = new(Number, Distance(Class.Ranks.Quantile(0.5)));

    /// <summary>At the line, on both sides.</summary>
    public Nearest Borderline { get; } = new(double.IsNaN(Line) ? 0 : Number, Distance(Line));

    /// <summary>The lowest scores.</summary>
    public Nearest Worst { get; } = new(Number, score => score);

    /// <summary>Offers a usable row of this class.</summary>
    public void Offer(double score, PoolCursor row)
    {
        foreach (Nearest strip in (Nearest[])[Best, Median, Borderline, Worst])
            strip.Offer(score, row);
    }

    private static Func<double, double> Distance(double target) => score => Math.Abs(score - target);
}
