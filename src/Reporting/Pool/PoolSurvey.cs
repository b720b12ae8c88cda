// The first pass over the scores: what there is, of which classes, and where the scores lie.

namespace DataFreeKD.Reporting.Pool;

/// <summary>A class of the pool.</summary>
/// <param name="Key">Its prediction; <see cref="PoolCursor.NoClass"/> without one.</param>
/// <param name="Name">Its name, else <c>class 7</c>; empty without a prediction.</param>
/// <param name="Count">Usable rows.</param>
/// <param name="Ranks">A sample of its rows' ranking scores.</param>
internal sealed record PoolClass(long Key, string Name, long Count, ValueSample Ranks);

/// <summary>What is known of a pool after one pass.</summary>
internal sealed class PoolSurvey
{
    // A median is all that is asked of a class, and there may be thousands of them.
    private const int ClassSample = 500;

    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly Dictionary<long, PoolClass> classes = [];

    private PoolSurvey(IReadOnlyList<ScoreColumn> columns)
    {
        Columns = columns;
        Samples = [.. columns.Select(_ => new ValueSample())];
    }

    /// <summary>The scores of the table.</summary>
    public IReadOnlyList<ScoreColumn> Columns { get; }

    /// <summary>A sample of each of <see cref="Columns"/>, of usable rows.</summary>
    public IReadOnlyList<ValueSample> Samples { get; }

    /// <summary>A sample of the ranking scores of usable rows.</summary>
    public ValueSample Ranks { get; } = new();

    /// <summary>Rows of the table.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows with status ok.</summary>
    public long Usable { get; private set; }

    /// <summary>Usable rows on which the teacher gives its first choice at least half of the probability; null where it has no
    /// head.</summary>
    public long? Sure { get; private set; }

    /// <summary>Rows by <c>status</c> or <c>status/reason</c>, the most frequent first.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Counts =>
        [.. counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)];

    /// <summary>Classes of usable rows, the most frequent first.</summary>
    public IReadOnlyList<PoolClass> Classes => [.. classes.Values.OrderByDescending(of => of.Count).ThenBy(of => of.Key)];

    /// <summary>Contents that may occur more than once.</summary>
    public RepeatFinder Contents { get; } = new();

    /// <summary>Whether rows have perceptual hashes.</summary>
    public bool HasLooks { get; private set; }

    /// <summary>Whether a usable row has a colour sketch beside its hash.</summary>
    public bool HasColours { get; private set; }

    /// <summary>The sample of a score; null where the table lacks it.</summary>
    public ValueSample? Of(string column) =>
        Columns
            .Index()
            .Where(pair => pair.Item.Name == column)
            .Select(pair => Samples[pair.Index])
            .FirstOrDefault(sample => sample.Count > 0);

    /// <summary>Reads the table once.</summary>
    public static PoolSurvey Read(string table, RowRanking? ranking, RankingCheck check, Action<long> progress, CancellationToken cancel)
    {
        PoolSurvey survey = new(ScoreColumn.In(table));
        using PoolCursor rows = new(table, cancel);
        survey.HasLooks = rows.HasLooks;
        while (rows.Next())
        {
            survey.Take(rows, ranking, check);
            progress(rows.Row);
        }
        return survey;
    }

    private void Take(PoolCursor row, RowRanking? ranking, RankingCheck check)
    {
        Rows++;
        string status = row.StatusKey;
        counts[status] = counts.GetValueOrDefault(status) + 1;
        if (!row.Usable)
            return;
        Usable++;
        HasColours |= row.HasColours;
        for (int at = 0; at < Columns.Count; at++)
        {
            double value = Columns[at].Of(row.Reader);
            Samples[at].Add(value);
            if (Columns[at].Name == "confidence" && !double.IsNaN(value))
                Sure = (Sure ?? 0) + (value >= 0.5 ? 1 : 0);
        }
        UInt128 content = row.Content;
        Contents.Suspect(content);
        double rank = ranking?.Score(row.Reader) ?? double.NaN;
        check.Meet(content, rank);
        Ranks.Add(rank);
        long key = row.Class;
        if (!classes.TryGetValue(key, out PoolClass? of))
            of = new PoolClass(key, row.ClassName, 0, new ValueSample(ClassSample));
        of.Ranks.Add(rank);
        classes[key] = of with { Count = of.Count + 1 };
    }
}
