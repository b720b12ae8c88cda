// What the scores of one image mean, in plain words.

using System.Globalization;

namespace DataFreeKD.Reporting.Explain;

/// <summary>Words for one image.</summary>
internal static class ImageVerdict
{
    private const double High = 2.0 / 3,
        Low = 1.0 / 3;

    /// <summary>One to three sentences: how useful the image is among the pool's, whether the teacher's answer and its gaze agree, and
    /// whether the pool has the image already.</summary>
    public static IReadOnlyList<string> AgainstPool(PoolStanding pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        double gaze = Mean(pool, IsProbe),
            answer = Mean(pool, standing => !IsProbe(standing));
        double both =
            double.IsNaN(gaze) ? answer
            : double.IsNaN(answer) ? gaze
            : (gaze + answer) / 2;
        List<string> sentences = [double.IsNaN(both) ? "Nobody said which way these scores are better." : Place(both)];
        if (answer >= High && gaze <= Low)
            sentences.Add(
                "The teacher is surer of it than of most images, yet looks everywhere alike: it may know the class by colour or texture alone."
            );
        if (answer <= Low && gaze >= High)
            sentences.Add(
                "The teacher looks at something in particular, yet is unsure what it is: an object of none of its classes, perhaps."
            );
        if (pool.FoundAs is { } path)
            sentences.Add($"The pool has this very file, as {path}.");
        return sentences;
    }

    /// <summary>One sentence without a pool to compare with.</summary>
    /// <param name="probabilities">The teacher's; null without a head.</param>
    public static IReadOnlyList<string> Alone(IReadOnlyList<float>? probabilities)
    {
        const string compare = "Whether that is much or little for a pool of images, --scores tells.";
        if (probabilities is null)
            return [$"The teacher has no classification head: only its attention can be shown. {compare}"];
        double first = probabilities.Max(),
            even = 1.0 / probabilities.Count;
        string words =
            first >= 0.9 ? "very sure of its first choice"
            : first >= 0.5 ? "fairly sure of its first choice"
            : first >= 3 * even ? "unsure"
            : "all but guessing";
        return
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"The teacher is {words} ({100 * first:0.0} %; an even guess would be {100 * even:0.0###} %). {compare}"
            ),
        ];
    }

    private static string Place(double share)
    {
        string percent = string.Create(CultureInfo.InvariantCulture, $"{100 * share:0}");
        return share switch
        {
            >= 0.9 => $"Among the most useful of the pool: on average its scores are better than {percent} % of the images.",
            >= High => $"Useful: on average its scores are better than {percent} % of the pool.",
            >= Low => $"Ordinary: on average its scores are better than {percent} % of the pool.",
            _ => $"Of little use: on average its scores are better than only {percent} % of the pool.",
        };
    }

    private static double Mean(PoolStanding pool, Func<ScoreStanding, bool> of) =>
        pool.Scores.Where(of).Select(standing => standing.MoreUsefulThan).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    private static bool IsProbe(ScoreStanding standing) => standing.Column.StartsWith("probe_", StringComparison.Ordinal);
}
