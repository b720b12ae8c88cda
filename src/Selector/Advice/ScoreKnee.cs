// Where sorted scores stop falling steeply: Kneedle (Satopää et al., ICDCS workshops 2011), without its streaming part.

namespace DataFreeKD.Selector.Advice;

/// <summary>Finds the knee of a falling curve.</summary>
internal static class ScoreKnee
{
    // A curve that leaves its chord by less is straight.
    private const double LeastBend = 0.05;

    // A handful of outliers would squeeze the rest of the curve flat.
    private const double Trimmed = 0.01;

    /// <summary>The place that lies furthest below the chord from the best score to the worst, both axes scaled to 0–1; null for a curve
    /// that does not sag.</summary>
    public static Knee? Of(RankScale scale, long usable)
    {
        double[] scores = [.. scale.Descending];
        double top = scores[(int)(Trimmed * (scores.Length - 1))],
            bottom = scores[(int)((1 - Trimmed) * (scores.Length - 1))];
        if (!(top > bottom))
            return null;
        (double bend, int at) = (LeastBend, -1);
        for (int i = 0; i < scores.Length; i++)
        {
            double x = (double)i / Math.Max(1, scores.Length - 1),
                y = Math.Clamp((scores[i] - bottom) / (top - bottom), 0, 1);
            if (1 - x - y > bend)
                (bend, at) = (1 - x - y, i);
        }
        return at < 0 ? null : new Knee(Math.Max(1, (long)Math.Round((double)(at + 1) / scores.Length * usable)), scores[at]);
    }
}
