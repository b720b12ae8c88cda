// The share of a pool from answers to a stratified sample (Cochran, Sampling Techniques, 1977, chapter 5).

namespace DataFreeKD.Selector.Advice;

/// <summary>Answers to the images of one stratum.</summary>
/// <param name="Rows">Rows of the pool that it stands for.</param>
/// <param name="Said">Its images answered with yes or no; at least one.</param>
internal sealed record StratumAnswers(long Rows, IReadOnlyList<AuditAnswer> Said)
{
    public int Answered => Said.Count;

    public int Yes => Said.Count(answer => answer.Yes == true);

    /// <summary>The strata of an audit, best first. One without an answer is joined to its neighbour.</summary>
    /// <param name="audit">At least one of them answered.</param>
    public static IReadOnlyList<StratumAnswers> Of(IReadOnlyList<AuditAnswer> audit)
    {
        List<StratumAnswers> strata = [];
        long waiting = 0;
        foreach (IGrouping<int, AuditAnswer> stratum in audit.GroupBy(answer => answer.Stratum).OrderBy(group => group.Key))
        {
            AuditAnswer[] said = [.. stratum.Where(answer => answer.Yes.HasValue)];
            waiting += stratum.First().StratumRows;
            if (said.Length == 0)
                continue;
            strata.Add(new StratumAnswers(waiting, said));
            waiting = 0;
        }
        strata[^1] = strata[^1] with { Rows = strata[^1].Rows + waiting };
        return strata;
    }
}

/// <summary>Estimates a share.</summary>
internal static class StratifiedShare
{
    private const double Normal95 = 1.959964;

    /// <summary>Σ W_h·p_h with its 95 % interval. A stratum of one kind of answer is not taken for sure: half an answer of each kind is
    /// added for the spread.</summary>
    /// <param name="strata">Each with at least one answer.</param>
    public static ShareEstimate Of(IReadOnlyList<StratumAnswers> strata)
    {
        double all = strata.Sum(stratum => (double)stratum.Rows),
            estimate = 0,
            variance = 0;
        foreach (StratumAnswers stratum in strata)
        {
            double weight = stratum.Rows / all,
                spread = (stratum.Yes + 0.5) / (stratum.Answered + 1);
            estimate += weight * stratum.Yes / stratum.Answered;
            // Of a stratum that was answered whole nothing is left to guess.
            double unknown = 1 - ((double)Math.Min(stratum.Answered, stratum.Rows) / stratum.Rows);
            variance += weight * weight * unknown * spread * (1 - spread) / stratum.Answered;
        }
        double half = Normal95 * Math.Sqrt(variance);
        return new ShareEstimate(estimate, Math.Max(0, estimate - half), Math.Min(1, estimate + half));
    }
}
