// What a cascade is for: how many images a selection will take, and by which score.

namespace DataFreeKD.Probe.Cascade;

/// <summary>Scores only what the first blocks of the teacher give hope for.</summary>
public sealed record CascadeOptions
{
    /// <summary>Share of the recall that <see cref="Keep"/> is chosen for, where it is not given.</summary>
    public const double WantedRecall = 0.98;

    /// <summary>Images that will be selected: the cascade is to keep the best so many.</summary>
    public required long Budget { get; init; }

    /// <summary>Share of the images that are scored fully, in (0, 1]; null for the smallest that keeps <see cref="WantedRecall"/> of the
    /// best on a sample.</summary>
    public double? Keep { get; init; }

    /// <summary>Images, at most, that it is learned from and measured on; from half of that of a larger pool. They are read and scored in a
    /// pass of their own.</summary>
    /// <value>8,192.</value>
    public int Sample { get; init; } = 8192;

    /// <summary>By what the selection will rank.</summary>
    public required CascadeRanking Ranking { get; init; }
}

/// <summary>A selection score, as far as a cascade has to know it.</summary>
/// <param name="Name">The selection method.</param>
/// <param name="Bind">Given the columns of the scores table, the columns that the score reads, and what makes scores of a sample: one array
/// a column in, one score a row out, higher for more useful rows.</param>
public sealed record CascadeRanking(
    string Name,
    Func<IReadOnlyList<string>, (IReadOnlyList<string> Columns, Func<IReadOnlyList<double[]>, double[]> Scores)> Bind
);
