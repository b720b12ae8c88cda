// The second pass over the scores, and further ones where there are copies: counts in bins, pictures to show, repeated contents.

namespace DataFreeKD.Reporting.Pool;

/// <summary>Rows of one content or look.</summary>
/// <param name="Count">How many.</param>
/// <param name="Paths">Full paths and paths as the table has them, the first few.</param>
internal sealed record RepeatGroup(int Count, IReadOnlyList<(string FullPath, string Path)> Paths);

/// <summary>All repeats of one kind.</summary>
/// <param name="Groups">Contents or looks that occur more than once.</param>
/// <param name="Extra">Rows beyond the first of each.</param>
/// <param name="AtLeast">Whether the counts are lower bounds.</param>
/// <param name="Largest">The largest groups.</param>
internal sealed record Repeats(long Groups, long Extra, bool AtLeast, IReadOnlyList<RepeatGroup> Largest);

/// <summary>What the passes after the first found.</summary>
internal sealed class PoolDetail
{
    private const int GroupsShown = 12,
        PathsShown = 6;

    private readonly Dictionary<long, ClassShowcase> byClass;

    private PoolDetail(IReadOnlyList<Histogram?> histograms, Histogram? ranks, IReadOnlyList<ClassShowcase> showcase)
    {
        (Histograms, Ranks, Showcase) = (histograms, ranks, showcase);
        byClass = showcase.ToDictionary(of => of.Class.Key);
    }

    /// <summary>By score of the survey; null where no row has it.</summary>
    public IReadOnlyList<Histogram?> Histograms { get; }

    /// <summary>Of the ranking scores; null without a ranking.</summary>
    public Histogram? Ranks { get; }

    /// <summary>By class, the most frequent first.</summary>
    public IReadOnlyList<ClassShowcase> Showcase { get; }

    /// <summary>Usable rows that score at least as high as the lowest selected row of any class.</summary>
    public long AsGood { get; private set; }

    /// <summary>Equal contents.</summary>
    public Repeats Contents { get; private set; } = new(0, 0, false, []);

    /// <summary>Near duplicates of different contents, by their looks; null where the table has none.</summary>
    public Repeats? Looks { get; private set; }

    /// <summary>Reads the table again.</summary>
    public static PoolDetail Read(
        string table,
        PoolSurvey survey,
        IReadOnlyList<Bins?> bins,
        Bins? rankBins,
        SelectionSurvey? selection,
        ReportOptions options,
        RowRanking? ranking,
        Action<long> progress,
        CancellationToken cancel
    )
    {
        ClassShowcase[] showcase = ranking is null
            ? []
            :
            [
                .. survey
                    .Classes.Take(options.ClassesShown)
                    .Select(of => new ClassShowcase(
                        of,
                        selection?.Lowest.GetValueOrDefault(of.Key, double.NaN) ?? double.NaN,
                        options.ImagesPerStrip
                    )),
            ];
        PoolDetail detail = new(
            [.. bins.Select(of => of is null ? null : new Histogram(of))],
            rankBins is null ? null : new Histogram(rankBins),
            showcase
        );
        double line = selection is { Lowest.Count: > 0 } ? selection.Lowest.Values.Min() : double.PositiveInfinity;
        LookGroups? looks = survey.HasLooks ? new LookGroups(survey.HasColours) : null;
        using (PoolCursor rows = new(table, cancel))
        {
            while (rows.Next())
            {
                if (rows.Usable)
                    detail.Take(rows, survey, ranking, line, looks);
                progress(rows.Row);
            }
        }
        if (survey.Contents.Groups > 0)
            detail.Contents = Copies(table, survey.Contents, progress, cancel);
        if (looks is not null)
            detail.Looks = Alike(table, looks, progress, cancel);
        return detail;
    }

    private void Take(PoolCursor row, PoolSurvey survey, RowRanking? ranking, double line, LookGroups? looks)
    {
        for (int at = 0; at < Histograms.Count; at++)
            Histograms[at]?.Add(survey.Columns[at].Of(row.Reader));
        // A copy of an earlier row would be the same picture again; it is listed as a copy already.
        bool copy = survey.Contents.Count(row.Content);
        if (!copy)
            looks?.Add(row.Look, row.Row);
        double score = ranking?.Score(row.Reader) ?? double.NaN;
        Ranks?.Add(score);
        if (score >= line)
            AsGood++;
        if (!copy && double.IsFinite(score) && byClass.TryGetValue(row.Class, out ClassShowcase? showcase))
            showcase.Offer(score, row);
    }

    private static Repeats Alike(string table, LookGroups looks, Action<long> progress, CancellationToken cancel)
    {
        IReadOnlyList<IReadOnlyList<long>> largest = looks.Largest(GroupsShown);
        Dictionary<long, int> wanted = largest
            .SelectMany((rows, group) => rows.Take(PathsShown).Select(row => (row, group)))
            .ToDictionary(pair => pair.row, pair => pair.group);
        List<(string, string)>[] paths = [.. largest.Select(_ => new List<(string, string)>())];
        using PoolCursor rows = new(table, cancel);
        for (int left = wanted.Count; left > 0 && rows.Next();)
        {
            progress(rows.Row);
            if (!wanted.TryGetValue(rows.Row, out int group))
                continue;
            paths[group].Add((rows.FullPath, rows.Path));
            left--;
        }
        return new Repeats(
            looks.Groups,
            looks.Extra,
            looks.Overflowed,
            [.. largest.Select((rows, group) => new RepeatGroup(rows.Count, paths[group]))]
        );
    }

    private static Repeats Copies(string table, RepeatFinder finder, Action<long> progress, CancellationToken cancel)
    {
        IReadOnlyList<(UInt128 Key, int Count)> largest = finder.Largest(GroupsShown);
        Dictionary<UInt128, List<(string, string)>> paths = largest.ToDictionary(group => group.Key, _ => new List<(string, string)>());
        long wanted = largest.Sum(group => Math.Min(group.Count, PathsShown));
        using PoolCursor rows = new(table, cancel);
        while (wanted > 0 && rows.Next())
        {
            progress(rows.Row);
            if (!rows.Usable || !paths.TryGetValue(rows.Content, out List<(string, string)>? group) || group.Count >= PathsShown)
                continue;
            group.Add((rows.FullPath, rows.Path));
            wanted--;
        }
        return new Repeats(
            finder.Groups,
            finder.Extra,
            finder.Overflowed,
            [.. largest.Select(group => new RepeatGroup(group.Count, paths[group.Key]))]
        );
    }
}
