// What advice is asked about: a ranking of a pool, and the table of images that a person answers.

namespace DataFreeKD.Selector.Advice;

/// <summary>Options of <see cref="AdviceRun"/>.</summary>
internal sealed record AdviceOptions
{
    /// <summary>The scores table and how it is ranked; sizes and the output are not used.</summary>
    public required SelectOptions Ranking { get; init; }

    /// <summary>The audit table, .csv: drawn where it is not there yet, read where it is.</summary>
    public required string Audit { get; init; }

    /// <summary>Images to draw for a person to answer.</summary>
    /// <value>Default: 200, which tells a share to about 0.06 either way.</value>
    public int Size { get; init; } = 200;

    /// <summary>Checks that the options make sense.</summary>
    /// <exception cref="SelectionException">They do not; the message says what to change.</exception>
    public void Validate()
    {
        if (string.IsNullOrEmpty(Audit))
            throw new SelectionException("no audit table is named; give the table to draw or to read, e.g. Audit audit.csv")
            {
                Options = [nameof(Audit)],
            };
        if (!Audit.EndsWith(".csv", StringComparison.OrdinalIgnoreCase))
            throw new SelectionException($"the audit {Audit} is for people to write into; name a .csv file");
        if (Path.GetFullPath(Audit) == Path.GetFullPath(Ranking.Scores))
            throw new SelectionException($"the audit would overwrite the scores {Ranking.Scores}; name another table");
        if (Size < AuditDraw.LeastImages)
            throw new SelectionException($"an audit of {Size} images tells nothing; draw at least {AuditDraw.LeastImages}");
        Scores.ScoreCatalogue.Find(Ranking.Method);
    }
}
