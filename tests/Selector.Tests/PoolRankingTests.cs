// The scores without the selection are those of the selection.

using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class PoolRankingTests
{
    [Theory]
    [InlineData("attention-probe")]
    [InlineData("combined")]
    [InlineData("rank-average")]
    [InlineData("entropy")]
    [InlineData("random")]
    public void A_ranking_scores_rows_as_the_selection_does(string method)
    {
        using TempFolder folder = new();
        Pool pool = new(folder);
        for (int at = 0; at < 40; at++)
            pool.Add(0.05 + (at * 7 % 40 * 0.05), at % 3, variance: 0.5 + (at % 11));
        pool.Add(double.NaN);
        SelectOptions options = pool.Options() with { Method = method, Fraction = 1, Seed = 5 };
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Dictionary<string, double> selected = Pool.Read(options.Output)
            .ToDictionary(row => row["note"]!, row => Numbers.Parse(row["selection_score"], row, "selection_score"));

        PoolRanking ranking = PoolRanking.Of(options, cancel: TestContext.Current.CancellationToken);

        int scored = 0;
        using TableReader table = Table.Open(options.Scores);
        int note = table.Header.Require("note");
        while (table.Read())
        {
            if (!selected.TryGetValue(table.Text(note), out double wanted))
                continue;
            Assert.Equal(wanted, ranking.Score(table), 12);
            scored++;
        }
        Assert.Equal(selected.Count, scored);
        Assert.InRange(scored, 40, 41);
    }

    [Theory]
    [InlineData("attention-probe")]
    [InlineData("rank-average")]
    public void What_a_cascade_left_is_ranked_on_the_scale_of_its_sample(string method)
    {
        using TempFolder folder = new();
        Pool whole = new(folder),
            left = new(folder);
        for (int at = 0; at < 40; at++)
        {
            double entropy = 0.05 + (at * 7 % 40 * 0.05),
                variance = 0.5 + (at % 11);
            whole.Add(entropy, variance: variance);
            bool hope = entropy < 1;
            left.Add(entropy, variance: variance, status: hope ? Status.Ok : Status.Skipped, reason: hope ? "" : "cascade");
        }
        SelectOptions all = whole.Options("all.csv") with { Method = method, Fraction = 1 },
            some = left.Options("some.csv") with { Method = method, Fraction = 1 };

        Dictionary<string, double> wanted = Scores(all),
            alone = Scores(some);
        File.Copy(all.Scores, ManifestPath.SampleBeside(some.Scores));
        Dictionary<string, double> found = Scores(some);

        Assert.All(found, row => Assert.Equal(wanted[row.Key], row.Value, 12));
        Assert.Contains(alone, row => Math.Abs(row.Value - wanted[row.Key]) > 0.01);
        // Beside a table without dropped rows it has no say.
        File.Copy(some.Scores, ManifestPath.SampleBeside(all.Scores));
        Assert.Equal(wanted, Scores(all));
    }

    private static Dictionary<string, double> Scores(SelectOptions options)
    {
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        return Pool.Read(options.Output)
            .ToDictionary(row => row["note"]!, row => Numbers.Parse(row["selection_score"], row, "selection_score"));
    }
}
