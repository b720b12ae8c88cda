// How much of a pool is useful and how many images to take: draw images for a person, then read the answers.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Advice;

/// <summary>
/// The share of a pool that is of the teacher's distribution cannot be told from scores alone: any pool of outsiders as sure as
/// this one would look the same. A person who knows the classes answers some 200 images instead, spread over the ranking.
/// </summary>
internal static class AdviceRun
{
    /// <summary>Draws the audit where the table is not there, else reads its answers.</summary>
    /// <param name="options">The ranking and the audit.</param>
    /// <param name="progress">Told the rows read so far, over all passes.</param>
    /// <param name="cancel">Stops; nothing is written then.</param>
    /// <exception cref="SelectionException">The options do not make sense, or the audit is of other scores or has too few
    /// answers.</exception>
    /// <exception cref="OutputException">Another process is writing the audit, or it appeared meanwhile.</exception>
    /// <exception cref="TableException">A table cannot be read, or what lies beside the audit is not this tool's.</exception>
    public static SizeAdvice Execute(AdviceOptions options, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using OutputLock held = OutputLock.Take(options.Audit, "select", Provenance.PathBeside(options.Audit));
        Table.RequireWritable(options.Audit);
        if (!File.Exists(options.Audit))
            Provenance.RefuseForeign(options.Audit, overwrite: false);
        using Passes passes = new(options.Ranking, progress, cancel);
        Task<string> hash = Task.Run(() => Provenance.HashFile(options.Ranking.Scores, cancel), cancel);
        Survey survey = Survey.Of(passes);
        RankScale scale = RankScale.Of(passes);
        SizeAdvice advice = new()
        {
            Audit = options.Audit,
            Method = options.Ranking.Method,
            Usable = survey.Usable,
            Knee = ScoreKnee.Of(scale, survey.Usable),
        };
        if (File.Exists(options.Audit))
            return Answered(advice, AuditTable.Read(options, passes, Blocking.Wait(hash)));
        IReadOnlyList<AuditRow> drawn = AuditDraw.Of(passes, scale, options.Size);
        held.RefuseAppeared(overwrite: false);
        AuditTable.Write(options, passes, drawn, Blocking.Wait(hash));
        return advice with { Drawn = true, Images = drawn.Count };
    }

    private static SizeAdvice Answered(SizeAdvice advice, IReadOnlyList<AuditAnswer> audit)
    {
        AuditAnswer[] said = [.. audit.Where(answer => answer.Yes.HasValue)];
        advice = advice with
        {
            Images = audit.Count,
            Answered = said.Length,
            Yes = said.Count(answer => answer.Yes == true),
            Unsure = audit.Count(answer => answer.Unsure),
        };
        if (said.Length == 0 || said.Length < Math.Min(audit.Count, AuditDraw.LeastImages))
            return advice;

        IReadOnlyList<StratumAnswers> strata = StratumAnswers.Of(audit);
        ShareEstimate share = StratifiedShare.Of(strata);
        RankLikelihood likelihood = RankLikelihood.Fit([
            .. strata.SelectMany(stratum =>
                stratum.Said.Select(answer => (answer.Above, answer.Yes!.Value, (double)stratum.Rows / stratum.Answered))
            ),
        ]);
        double everywhere = likelihood.MeanOfBest(1);
        return advice with
        {
            Share = share,
            RankingDoesNotHelp = likelihood.Slope == 0,
            Advised = Expect(Math.Max(1, (long)Math.Round(likelihood.ShareWhile(Least(share.Estimate)) * advice.Usable))),
            Sizes = [.. RoundSizes(advice.Usable).Select(Expect)],
        };

        SizeExpectation Expect(long rows)
        {
            double part = (double)rows / advice.Usable,
                precision = likelihood.MeanOfBest(part);
            return new SizeExpectation(rows, precision, everywhere > 0 ? Math.Min(1, precision * part / everywhere) : 0);
        }
    }

    // Below the pool's own share the next image is worth less than a random one; above a half it is still more likely useful than not.
    private static double Least(double share) => Math.Clamp(share, 0.001, 0.5);

    private static IEnumerable<long> RoundSizes(long usable)
    {
        for (long decade = 100; decade < usable; decade *= 10)
        {
            foreach (long rows in (long[])[decade, 2 * decade, 5 * decade])
            {
                if (rows < usable && rows * 1000 >= usable)
                    yield return rows;
            }
        }
        yield return usable;
    }
}
