// How much of a pool is useful: the audit that is drawn, and what is made of its answers.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Advice;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class AdviceTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_stratified_share_is_the_textbooks()
    {
        // By hand (Cochran 1977, 5.6 and 5.14, with half an answer of each kind added for the spread).
        ShareEstimate share = StratifiedShare.Of([Said(1000, 10, 8), Said(3000, 20, 3)]);
        Assert.Equal(0.3125, share.Estimate, 12);
        Assert.Equal(0.138130, share.High - share.Estimate, 5);
        Assert.Equal(0.138130, share.Estimate - share.Low, 5);
    }

    [Fact]
    public void A_pool_that_was_answered_whole_has_no_interval()
    {
        ShareEstimate share = StratifiedShare.Of([Said(10, 10, 8), Said(10, 10, 1)]);
        Assert.Equal(new ShareEstimate(0.45, 0.45, 0.45), share);
    }

    [Fact]
    public void The_curve_over_ranks_is_the_one_that_NumPy_finds()
    {
        (double Above, bool Yes, double Weight)[] answers =
        [
            (0.01, true, 2),
            (0.05, true, 1),
            (0.1, false, 1),
            (0.2, true, 3),
            (0.4, false, 1),
            (0.6, false, 2),
            (0.8, true, 0.5),
            (0.9, false, 1),
        ];
        RankLikelihood curve = RankLikelihood.Fit(answers);
        Assert.Equal(NumPyIntercept, curve.Intercept, 8);
        Assert.Equal(NumPySlope, curve.Slope, 8);
        Assert.Equal(0.5, curve.At(curve.ShareWhile(0.5)), 8);
        Assert.Equal(1, curve.ShareWhile(0.01));
    }

    [Fact]
    public void A_knee_lies_where_the_curve_is_furthest_below_its_chord()
    {
        // exp(-5t): the chord's distance is greatest at t = ln(5 / (1 - exp(-5))) / 5 = 0.3232; a hundredth is trimmed at each end.
        Knee? knee = ScoreKnee.Of(new RankScale([.. Enumerable.Range(0, 1000).Select(at => Math.Exp(-5 * at / 999.0))]), 1000);
        Assert.InRange(knee!.Rows, 315, 340);
        Assert.Null(ScoreKnee.Of(new RankScale([.. Enumerable.Range(0, 1000).Select(at => -(double)at)]), 1000));
        Assert.Null(ScoreKnee.Of(new RankScale([1, 1, 1]), 3));
    }

    [Fact]
    public void Shares_of_the_pool_are_told_within_their_interval_nineteen_times_in_twenty()
    {
        // The best tenth is useful nine times in ten, each next one by a factor of 0.7 less often.
        Random draw = new(7);
        bool[] useful = [.. Enumerable.Range(0, 4000).Select(at => draw.NextDouble() < 0.9 * Math.Pow(0.7, at / 400))];
        Pool pool = new(folder);
        for (int row = 0; row < useful.Length; row++)
            pool.Add(row / 1000.0);
        AdviceOptions options = Options(pool.Options());
        double truth = useful.Count(yes => yes) / 4000.0,
            error = 0;
        int held = 0,
            audits = 60;
        for (int seed = 0; seed < audits; seed++)
        {
            AdviceOptions seeded = options with { Audit = folder[$"audit-{seed}.csv"], Ranking = options.Ranking with { Seed = seed } };
            AdviceRun.Execute(seeded, cancel: TestContext.Current.CancellationToken);
            Answer(seeded.Audit, row => useful[row]);
            SizeAdvice advice = AdviceRun.Execute(seeded, cancel: TestContext.Current.CancellationToken);
            error += Math.Abs(advice.Share!.Estimate - truth) / audits;
            held += truth >= advice.Share.Low && truth <= advice.Share.High ? 1 : 0;
        }
        Assert.InRange(error, 0, 0.025);
        Assert.InRange(held, 53, 60);
    }

    [Fact]
    public void What_is_told_of_sizes_is_what_they_hold()
    {
        Random draw = new(3);
        bool[] useful =
        [
            .. Enumerable.Range(0, 3000).Select(at => draw.NextDouble() < 1 / (1 + Math.Exp(-(-2 - (1.2 * Math.Log((at + 0.5) / 3000)))))),
        ];
        Pool pool = new(folder);
        for (int row = 0; row < useful.Length; row++)
            pool.Add(row / 1000.0);
        AdviceOptions options = Options(pool.Options()) with { Size = 1000 };
        AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Answer(options.Audit, row => useful[row]);
        SizeAdvice advice = AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        foreach (SizeExpectation size in advice.Sizes.Append(advice.Advised!))
        {
            Assert.Equal(
                useful.Take((int)size.Rows).Count(yes => yes) / (double)size.Rows,
                size.Precision,
                0.15 * Math.Sqrt(300.0 / size.Rows)
            );
        }
        // Where the next image is as likely useful as any of the pool.
        Assert.InRange(advice.Advised!.Rows, 600, 1400);
        Assert.Equal(3000, advice.Sizes[^1].Rows);
        Assert.Equal(1, advice.Sizes[^1].Recall, 9);
    }

    [Fact]
    public void A_larger_audit_holds_a_smaller_one_and_any_beginning_covers_the_ranking()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 500; row++)
            pool.Add(row);
        AdviceOptions small = Options(pool.Options()) with { Size = 50 },
            large = small with { Size = 150, Audit = folder["large.csv"] };
        Assert.Equal(50, AdviceRun.Execute(small, cancel: TestContext.Current.CancellationToken).Images);
        AdviceRun.Execute(large, cancel: TestContext.Current.CancellationToken);
        Assert.Subset(
            Pool.Read(large.Audit).Select(row => row["path"]!).ToHashSet(),
            Pool.Read(small.Audit).Select(row => row["path"]!).ToHashSet()
        );
        Assert.Equal(10, Pool.Read(large.Audit).Take(10).Select(row => row["stratum"]).Distinct().Count());
        Assert.All(Pool.Read(large.Audit), row => Assert.Equal("50", row["stratum_rows"]));
    }

    [Fact]
    public void Equal_scores_share_a_place_and_a_tiny_pool_is_asked_about_whole()
    {
        Pool pool = new(folder);
        for (int row = 0; row < 12; row++)
            pool.Add(row < 6 ? 1 : 2, status: row == 3 ? Status.Failed : Status.Ok);
        AdviceOptions options = Options(pool.Options());
        Assert.Equal(11, AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken).Images);
        Assert.Equal(2, Pool.Read(options.Audit).Select(row => row["stratum"]).Distinct().Count());
        Answer(options.Audit, row => row < 6);
        SizeAdvice advice = AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(5 / 11.0, advice.Share!.Estimate, 12);
    }

    [Fact]
    public void A_ranking_that_the_answers_contradict_is_said_to_be_no_help()
    {
        AdviceOptions options = Options(Ladder(400));
        AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Answer(options.Audit, row => row >= 200);
        SizeAdvice advice = AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Assert.True(advice.RankingDoesNotHelp);
        Assert.Equal(400, advice.Advised!.Rows);
        Assert.Equal(0.5, advice.Advised.Precision, 0.05);
    }

    [Fact]
    public void Too_few_answers_tell_nothing_and_unsure_ones_are_left_out()
    {
        AdviceOptions options = Options(Ladder(400));
        AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Answer(options.Audit, row => row < 100, first: 29);
        SizeAdvice few = AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal((29, null, null), (few.Answered, few.Share, few.Advised));
        Answer(options.Audit, row => row < 100, said: ["Yes", " n ", "?"]);
        SizeAdvice enough = AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(200, enough.Answered + enough.Unsure);
        // The last tenth is unsure throughout: it is counted with its neighbour.
        Assert.Equal(20, enough.Unsure);
        Assert.Equal(0.25, enough.Share!.Estimate, 0.05);
    }

    [Fact]
    public void Answers_to_other_scores_or_another_method_are_refused()
    {
        AdviceOptions options = Options(Ladder(100));
        AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        SelectionException method = Assert.Throws<SelectionException>(() =>
            AdviceRun.Execute(
                options with
                {
                    Ranking = options.Ranking with { Method = "energy" },
                },
                cancel: TestContext.Current.CancellationToken
            )
        );
        Assert.Contains("was drawn with method 'entropy', not 'energy'", method.Message, StringComparison.Ordinal);
        Ladder(101);
        SelectionException scores = Assert.Throws<SelectionException>(() =>
            AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken)
        );
        Assert.Contains("was drawn from other scores", scores.Message, StringComparison.Ordinal);
        File.Delete(folder["audit.json"]);
        Assert.Contains(
            "audit.json",
            Assert.Throws<SelectionException>(() => AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("answer", "perhaps", "line 2: 'perhaps' is no answer; write yes, no or unsure, or leave it empty")]
    [InlineData("stratum", "10", "line 2: stratum, stratum_rows or rank_share is not as it was drawn")]
    [InlineData("rank_share", "", "line 2: stratum, stratum_rows or rank_share is not as it was drawn")]
    public void What_cannot_be_meant_is_refused_with_its_line(string column, string text, string expected)
    {
        AdviceOptions options = Options(Ladder(100));
        AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Rewrite(options.Audit, (row, at, name) => at == 0 && name == column ? text : row[name]!);
        Assert.Contains(
            expected,
            Assert.Throws<TableException>(() => AdviceRun.Execute(options, cancel: TestContext.Current.CancellationToken)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        AdviceOptions options = Options(Ladder(100));
        Assert.Contains(
            "at least 30",
            Assert.Throws<SelectionException>(() => (options with { Size = 29 }).Validate()).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "name a .csv file",
            Assert.Throws<SelectionException>(() => (options with { Audit = "audit.parquet" }).Validate()).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "would overwrite the scores",
            Assert.Throws<SelectionException>(() => (options with { Audit = options.Ranking.Scores }).Validate()).Message,
            StringComparison.Ordinal
        );
    }

    // The reference: Newton's method on the same penalised likelihood, written in NumPy.
    private const double NumPyIntercept = -1.946376212073,
        NumPySlope = 1.439718207692;

    private SelectOptions Ladder(int rows)
    {
        Pool pool = new(folder);
        for (int row = 0; row < rows; row++)
            pool.Add(row / 100.0);
        return pool.Options();
    }

    private static StratumAnswers Said(long rows, int answered, int yes) =>
        new(rows, [.. Enumerable.Range(0, answered).Select(at => new AuditAnswer(0, rows, 0.5, at < yes, false))]);

    private AdviceOptions Options(SelectOptions ranking) => new() { Ranking = ranking, Audit = folder["audit.csv"] };

    // Rows of Pool are named by their place.
    private static void Answer(string audit, Func<int, bool> useful, int first = int.MaxValue, string[]? said = null)
    {
        said ??= ["yes", "no"];
        Rewrite(audit, (row, at, name) => name != "answer" ? row[name]!
            : at >= first ? ""
            : said.Length > 2 && at % 10 == 9 ? said[2]
            : said[
                useful(int.Parse(Path.GetFileNameWithoutExtension(row["path"]!), System.Globalization.CultureInfo.InvariantCulture)) ? 0 : 1
            ]);
    }

    private static void Rewrite(string audit, Func<TableRow, int, string, string> field)
    {
        TableRow[] rows = Pool.Read(audit);
        IReadOnlyList<string> header = rows[0].Header.Columns;
        using TableWriter writer = Table.Create(audit, header);
        foreach ((int at, TableRow row) in rows.Index())
            writer.Write([.. header.Select(name => field(row, at, name))]);
        writer.Commit();
    }
}
