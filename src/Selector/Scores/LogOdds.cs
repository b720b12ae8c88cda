// Log-odds as log-probabilities.

namespace DataFreeKD.Selector.Scores;

internal static class LogOdds
{
    /// <summary>ln σ(m), without overflow for a large −m.</summary>
    public static double LogProbability(double margin) =>
        margin >= 0 ? -Math.Log(1 + Math.Exp(-margin)) : margin - Math.Log(1 + Math.Exp(margin));
}
