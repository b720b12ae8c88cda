// Measures, against their definitions.

using CsCheck;
using DataFreeKD.Selector.Measures;

namespace DataFreeKD.Selector.Tests;

public sealed class MeasuresTests
{
    [Fact]
    public void Auroc_is_the_chance_that_a_positive_outranks_a_negative() =>
        Gen.Select(Gen.Int[0, 5], Gen.Bool)
            .Array[2, 40]
            .Sample(rows =>
            {
                double[] scores = [.. rows.Select(row => (double)row.Item1)];
                bool[] positive = [.. rows.Select(row => row.Item2)];
                double[] pairs =
                [
                    .. from p in rows
                    where p.Item2
                    from n in rows
                    where !n.Item2
                    select p.Item1 > n.Item1 ? 1
                    : p.Item1 == n.Item1 ? 0.5
                    : 0.0,
                ];
                double auroc = RankingMeasures.Auroc(scores, positive);
                return pairs.Length == 0 ? double.IsNaN(auroc) : Math.Abs(auroc - pairs.Average()) < 1e-12;
            });

    [Fact]
    public void Precision_counts_the_best_rows_and_ties_by_order()
    {
        Assert.Equal(0.5, RankingMeasures.PrecisionAt([1, 3, 3, 2], [false, true, false, true], 2));
        Assert.Equal(1, RankingMeasures.PrecisionAt([1, 3, 3, 2], [false, true, false, true], 1));
        Assert.Equal(0.5, RankingMeasures.PrecisionAt([1, 3, 3, 2], [false, true, false, true], 100));
    }

    [Fact]
    public void Class_entropy_is_zero_for_one_class_and_ln_c_for_even_ones()
    {
        Assert.Equal(0, Balance.Entropy([7]));
        Assert.Equal(Math.Log(4), Balance.Entropy([5, 5, 5, 5]), 12);
    }
}
