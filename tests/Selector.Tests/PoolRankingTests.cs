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
        for (int at = 0; at < 40; at++) pool.Add(0.05 + (at * 7 % 40 * 0.05), at % 3, variance: 0.5 + (at % 11));
        pool.Add(double.NaN);
        SelectOptions options = pool.Options() with { Method = method, Fraction = 1, Seed = 5 };
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Dictionary<string, double> selected = Pool.Read(options.Output).ToDictionary(row => row["note"]!, row => Numbers.Parse(row["selection_score"], row, "selection_score"));

        PoolRanking ranking = PoolRanking.Of(options, cancel: TestContext.Current.CancellationToken);

        int scored = 0;
        using TableReader table = Table.Open(options.Scores);
        int note = table.Header.Require("note");
        while (table.Read())
        {
            if (!selected.TryGetValue(table.Text(note), out double wanted)) continue;
            Assert.Equal(wanted, ranking.Score(table), 12);
            scored++;
        }
        Assert.Equal(selected.Count, scored);
        Assert.InRange(scored, 40, 41);
    }
}
