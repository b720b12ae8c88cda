// Whether the images are ranked as the selection ranked them; only then does the selection's line mean anything on their scale.

namespace DataFreeKD.Reporting.Pool;

/// <summary>Compares the selection scores of a selection's first rows with what the ranking says of the same contents.</summary>
internal sealed class RankingCheck
{
    private const int RowsCompared = 64;

    // Scores go through text and, at some places, single precision.
    private const double Tolerance = 1e-5;

    private readonly Dictionary<UInt128, double> expected = [];
    private long met,
        different;

    /// <summary>Whether some of the rows were met, and all had their score.</summary>
    public bool Agrees => met > 0 && different == 0;

    /// <summary>Takes the first rows of a selection; none where there is no selection, or it has no scores.</summary>
    public static RankingCheck For(string? selection, CancellationToken cancel)
    {
        RankingCheck check = new();
        if (selection is null)
            return check;
        using PoolCursor rows = new(selection, cancel);
        int score = rows.Reader.Header.IndexOf("selection_score");
        while (score >= 0 && check.expected.Count < RowsCompared && rows.Next())
        {
            if (rows.Content != 0)
                check.expected[rows.Content] = rows.Reader.Number(score);
        }
        return check;
    }

    /// <summary>A usable row of the pool.</summary>
    public void Meet(UInt128 content, double score)
    {
        if (content == 0 || !expected.TryGetValue(content, out double wanted))
            return;
        met++;
        if (!(Math.Abs(score - wanted) <= Tolerance * (1 + Math.Abs(wanted))))
            different++;
    }
}
