// What a report shows, in numbers.

namespace DataFreeKD.Reporting;

/// <summary>What a report shows.</summary>
/// <param name="Output">The page.</param>
/// <param name="Rows">Rows of the scores table.</param>
/// <param name="Usable">Of them with status ok.</param>
/// <param name="Selected">Rows of the selection; null without one.</param>
/// <param name="Images">Images on the page.</param>
/// <param name="Warnings">What the page warns of, one sentence each.</param>
/// <param name="Bytes">Size of the page.</param>
public sealed record ReportSummary(
    string Output,
    long Rows,
    long Usable,
    long? Selected,
    int Images,
    IReadOnlyList<string> Warnings,
    long Bytes
);
