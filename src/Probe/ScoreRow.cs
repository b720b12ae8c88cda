// A row of the scores table, whatever was scored.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe;

internal static class ScoreRow
{
    /// <summary>The table's columns, those that are carried through left out.</summary>
    public static IEnumerable<string> ColumnsOf(IEnumerable<int> blocks, IEnumerable<string> extras) =>
        [.. Columns.Scores, .. blocks.SelectMany(block => new[] { Columns.ProbeVariance(block), Columns.ProbeCosine(block) }), .. extras];

    /// <summary>The fields of <see cref="ColumnsOf"/>: those that tell the image, then the output scores, variance and cosine of each
    /// block, and further scores; null where there is none.</summary>
    public static IEnumerable<string?> Of(
        string path,
        string? sha256,
        int width,
        int height,
        string? status,
        string? reason,
        long? prediction,
        string? className,
        IEnumerable<float?> figures
    ) =>
        [
            path,
            sha256,
            Size(width),
            Size(height),
            status,
            reason,
            prediction?.ToString(CultureInfo.InvariantCulture),
            className,
            .. figures.Select(figure => figure is { } number ? Numbers.Format(number) : null),
        ];

    private static string? Size(int pixels) => pixels > 0 ? pixels.ToString(CultureInfo.InvariantCulture) : null;
}
