// A row of the scores table, whatever was scored.

using System.Globalization;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Probe.Scores;

namespace DataFreeKD.Probe;

internal static class ScoreRow
{
    /// <summary>Places of fields, as <see cref="Of(string, string?, int, int, string?, string?, long?, string?, IEnumerable{float?})"/>
    /// has them.</summary>
    public const int Sha256At = 1,
        WidthAt = 2,
        StatusAt = 4,
        ReasonAt = 5;

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

    /// <summary>The row of a scored input.</summary>
    /// <param name="scored">The input with its figures.</param>
    /// <param name="teacher">Whose figures they are.</param>
    /// <param name="output">The table, to which paths are relative.</param>
    /// <param name="carried">Columns that are carried through.</param>
    public static string?[] Of(ScoredInput scored, TeacherPass teacher, string output, IReadOnlyList<string> carried)
    {
        (DecodedInput image, ImageScores? scores) = scored;
        IReadOnlyDictionary<string, string?> beside = Sidecars.ColumnsOf(image.Input.Image);
        IEnumerable<float?> figures =
        [
            .. OutputScore.All.Select((_, i) => scores?.Outputs?[i]),
            .. teacher.Blocks.SelectMany((_, i) => new[] { scores?.Variances[i], scores?.Cosines[i] }),
            .. teacher.ExtraColumns.Select((_, i) => scores?.Extras[i]),
        ];
        return
        [
            .. Of(
                image.Input.TablePath(output),
                image.Sha256.Length > 0 ? image.Sha256 : image.Input.Row?["sha256"],
                image.Width,
                image.Height,
                scores is not null ? Status.Ok
                    : scored.Dropped ? Status.Skipped
                    : image.Input.Row is { IsRefused: true } refused ? refused["status"]
                    : Status.Failed,
                scored.Dropped ? Reason.Cascade : image.Reason,
                scores?.Prediction,
                scores?.Prediction is { } prediction ? teacher.ClassName(prediction) : null,
                figures
            ),
            .. carried.Select(column => image.Input.Row is { } given ? given[column] : beside.GetValueOrDefault(column)),
        ];
    }

    /// <summary>What rows are counted by: the status, and behind a slash the reason, where there is one.</summary>
    public static string KeyOf(IReadOnlyList<string?> row) =>
        string.IsNullOrEmpty(row[ReasonAt]) ? row[StatusAt] ?? "" : $"{row[StatusAt]}/{row[ReasonAt]}";

    private static string? Size(int pixels) => pixels > 0 ? pixels.ToString(CultureInfo.InvariantCulture) : null;
}
