// One image against a pool: which share of it each score leaves behind.

using DataFreeKD.Manifests;
using DataFreeKD.Reporting.Pool;

namespace DataFreeKD.Reporting.Explain;

/// <summary>One score of an image beside a pool's.</summary>
/// <param name="Column">The column.</param>
/// <param name="Title">For people.</param>
/// <param name="Meaning">One sentence.</param>
/// <param name="Value">Of the image.</param>
/// <param name="Median">Of the pool; NaN where the pool has no value.</param>
/// <param name="Below">Share of the pool's values below it (of equal ones, half), 0–1: its percentile; NaN where the pool has none.</param>
/// <param name="MoreUsefulThan">The share that is less useful, 0–1: <paramref name="Below"/>, or 1 less it where lower is better; NaN where
/// nobody said which way is better.</param>
internal sealed record ScoreStanding(
    string Column,
    string Title,
    string Meaning,
    double Value,
    double Median,
    double Below,
    double MoreUsefulThan
);

/// <summary>An image beside a pool.</summary>
/// <param name="Usable">Usable rows of the pool.</param>
/// <param name="SameClass">Of them, rows predicted to be of the image's class.</param>
/// <param name="Scores">By score that both have.</param>
/// <param name="FoundAs">The path of the pool's row of the same content; null where there is none.</param>
internal sealed record PoolStanding(long Usable, long SameClass, IReadOnlyList<ScoreStanding> Scores, string? FoundAs)
{
    /// <summary>Streams the pool once.</summary>
    /// <param name="scores">The scores table.</param>
    /// <param name="figures">The image's figures, by column.</param>
    /// <param name="prediction">The image's predicted class; null without one.</param>
    /// <param name="sha256">Of the image's file, lower-case hexadecimal.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="TableException">The table cannot be read, or has no score in common with the image.</exception>
    public static PoolStanding Of(
        string scores,
        IReadOnlyDictionary<string, double> figures,
        long? prediction,
        string sha256,
        CancellationToken cancel = default
    )
    {
        ScoreColumn[] columns =
        [
            .. ScoreColumn.In(scores).Where(column => figures.TryGetValue(column.Name, out double value) && double.IsFinite(value)),
        ];
        if (columns.Length == 0)
            throw new TableException(
                $"{scores}: no score in common with the image ({string.Join(", ", figures.Keys)}); was it made by the same teacher, with the same blocks?"
            );
        Place[] places = [.. columns.Select(column => new Place(figures[column.Name]))];
        long usable = 0,
            same = 0;
        string? found = null;
        using PoolCursor rows = new(scores, cancel);
        int content = rows.Reader.Header.IndexOf("sha256");
        while (rows.Next())
        {
            if (!rows.Usable)
                continue;
            usable++;
            if (rows.Class == prediction)
                same++;
            if (found is null && content >= 0 && rows.Reader.Is(content, sha256))
                found = rows.Path;
            for (int at = 0; at < columns.Length; at++)
                places[at].Add(columns[at].Of(rows.Reader));
        }
        return new PoolStanding(usable, same, [.. columns.Zip(places, (column, place) => place.Standing(column))], found);
    }

    private sealed class Place(double value)
    {
        private readonly ValueSample sample = new();
        private long below,
            equal;

        public void Add(double other)
        {
            if (!double.IsFinite(other))
                return;
            // Tables hold singles: what rounds to the same single is the same.
            if ((float)other == (float)value)
                equal++;
            else if (other < value)
                below++;
            sample.Add(other);
        }

        public ScoreStanding Standing(ScoreColumn column)
        {
            double share = (below + (equal / 2.0)) / sample.Count;
            double useful = column.Direction switch
            {
                0 => double.NaN,
                > 0 => share,
                _ => 1 - share,
            };
            return new ScoreStanding(column.Name, column.Title, column.Meaning, value, sample.Quantile(0.5), share, useful);
        }
    }
}
