// What a comparison found.

namespace DataFreeKD.Distiller;

/// <summary>What a comparison found.</summary>
internal sealed record ComparisonSummary
{
    /// <summary>Folder of runs and tables.</summary>
    public required string Output { get; init; }

    /// <summary>Runs that are done.</summary>
    public required int Runs { get; init; }

    /// <summary>Runs that were finished before.</summary>
    public required int Kept { get; init; }

    /// <summary>Runs that another process has in hand; the tables are written when there are none.</summary>
    public required int Elsewhere { get; init; }

    /// <summary>Recipe that the others are compared with.</summary>
    public required string Baseline { get; init; }

    /// <summary>Figures by recipe and test set; empty where runs are missing.</summary>
    public required IReadOnlyList<RecipeFigures> Figures { get; init; }

    /// <summary>The table as Markdown; empty where runs are missing.</summary>
    public required string Table { get; init; }
}

/// <summary>One recipe on one test set, over the seeds.</summary>
internal sealed record RecipeFigures
{
    /// <summary>The recipe.</summary>
    public required string Recipe { get; init; }

    /// <summary>The test set.</summary>
    public required string TestSet { get; init; }

    /// <summary>Top-1, 0–1, by seed.</summary>
    public required IReadOnlyList<double> Top1 { get; init; }

    /// <summary>Mean of <see cref="Top1"/>.</summary>
    public required double Mean { get; init; }

    /// <summary>Sample standard deviation; NaN for one seed.</summary>
    public required double Deviation { get; init; }

    /// <summary>Mean difference to the baseline, paired by seed; null for the baseline.</summary>
    public required double? Difference { get; init; }

    /// <summary>Lower end of its 95 % interval; NaN for one seed.</summary>
    public required double? Low { get; init; }

    /// <summary>Upper end of its 95 % interval; NaN for one seed.</summary>
    public required double? High { get; init; }

    /// <summary>Whether the interval leaves 0 out.</summary>
    public required bool BeyondNoise { get; init; }
}
