// One pass over a selection: how many of which class, how they score, and where the line was drawn.

namespace DataFreeKD.Reporting.Pool;

/// <summary>What is known of a selection after one pass.</summary>
internal sealed class SelectionSurvey
{
    private readonly Dictionary<long, long> classes = [];
    private readonly Dictionary<long, double> lowest = [];

    private SelectionSurvey(IReadOnlyList<Histogram?> histograms, Histogram? ranks)
    {
        (Histograms, Ranks) = (histograms, ranks);
        Samples = [.. histograms.Select(_ => new ValueSample())];
    }

    /// <summary>Rows of the selection.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows by predicted class.</summary>
    public IReadOnlyDictionary<long, long> Classes => classes;

    /// <summary>The lowest selection score of each class; empty where the pool is not ranked by the same.</summary>
    public IReadOnlyDictionary<long, double> Lowest => lowest;

    /// <summary>By score of the pool's survey, in the pool's bins; null where the pool has no bins.</summary>
    public IReadOnlyList<Histogram?> Histograms { get; }

    /// <summary>A sample by score of the pool's survey.</summary>
    public IReadOnlyList<ValueSample> Samples { get; }

    /// <summary>Of the selection scores, in the bins of the pool's ranking; null where it has none.</summary>
    public Histogram? Ranks { get; }

    /// <summary>Reads the selection once.</summary>
    /// <param name="table">The selection.</param>
    /// <param name="pool">Its pool.</param>
    /// <param name="bins">By score of the pool.</param>
    /// <param name="rankBins">Of the pool's ranking, where it is the selection's; else null.</param>
    /// <param name="cancel">Stops.</param>
    public static SelectionSurvey Read(string table, PoolSurvey pool, IReadOnlyList<Bins?> bins, Bins? rankBins, CancellationToken cancel)
    {
        using PoolCursor rows = new(table, cancel);
        ScoreColumn?[] columns =
        [
            .. pool.Columns.Select(column =>
                rows.Reader.Header.IndexOf(column.Name) is >= 0 and var at ? column with { Index = at } : null
            ),
        ];
        int score = rankBins is null ? -1 : rows.Reader.Header.IndexOf("selection_score");
        SelectionSurvey survey = new(
            [.. bins.Select(of => of is null ? null : new Histogram(of))],
            rankBins is null ? null : new Histogram(rankBins)
        );
        while (rows.Next())
            survey.Take(rows, columns, score);
        return survey;
    }

    /// <summary>Which of some images (absolute paths) are in a selection.</summary>
    public static HashSet<string> Among(string table, IReadOnlySet<string> images, CancellationToken cancel)
    {
        HashSet<string> found = new(StringComparer.Ordinal);
        using PoolCursor rows = new(table, cancel);
        while (rows.Next() && found.Count < images.Count)
        {
            if (rows.FullPath is var path && images.Contains(path))
                found.Add(path);
        }
        return found;
    }

    private void Take(PoolCursor row, ScoreColumn?[] columns, int score)
    {
        Rows++;
        long key = row.Class;
        classes[key] = classes.GetValueOrDefault(key) + 1;
        for (int at = 0; at < columns.Length; at++)
        {
            if (columns[at] is not { } column)
                continue;
            double value = column.Of(row.Reader);
            Samples[at].Add(value);
            Histograms[at]?.Add(value);
        }
        if (score < 0)
            return;
        double rank = row.Reader.Number(score);
        Ranks?.Add(rank);
        if (double.IsFinite(rank))
            lowest[key] = Math.Min(rank, lowest.GetValueOrDefault(key, double.PositiveInfinity));
    }
}
