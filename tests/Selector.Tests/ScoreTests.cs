// Methods: their formulas by hand, and clear words where a table lacks what they need.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Scores;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

public sealed class ScoreTests : IDisposable
{
    private static readonly TableHeader Header = new(
        [.. Columns.Scores, "probe_variance_3", "probe_cosine_3", "probe_variance_7", "probe_cosine_7"],
        "scores.csv"
    );

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static RowScore Bind(string method, TableHeader? header = null, params int[] blocks) =>
        ScoreCatalogue
            .Find(method)
            .Bind(
                header ?? Header,
                new SelectOptions
                {
                    Scores = "s.csv",
                    Output = "o.csv",
                    Method = method,
                    Blocks = blocks,
                }
            );

    [Fact]
    public void The_official_formula_is_the_published_one()
    {
        RowScore score = Bind("official");
        Assert.Equal(["probe_cosine_3", "probe_cosine_7", "pseudo_label_ce"], score.Columns);
        Assert.Equal(-(0.05 * (0.6 + 0.8) + 0.9 * 1.5), score.Evaluate([0.6, 0.8, 1.5], 0), 12);
    }

    [Fact]
    public void The_official_formula_names_missing_columns_and_the_blocks_to_score()
    {
        TableHeader shallow = new(
            [.. Columns.Scores, "probe_variance_1", "probe_cosine_1", "probe_variance_3", "probe_cosine_3"],
            "scores.csv"
        );
        string message = Assert.Throws<TableException>(() => Bind("official", shallow)).Message;
        Assert.Contains("probe_cosine_7", message, StringComparison.Ordinal);
        Assert.Contains("Blocks 3,7", message, StringComparison.Ordinal);
        Assert.Equal("probe_cosine_1", Bind("official", shallow, 1, 3).Columns[0]);
    }

    [Fact]
    public void The_default_scales_each_score_to_the_pool_and_adds_them()
    {
        RowScore score = Bind("attention-probe", null, 3);
        double e = Math.E;
        // Median 2, MAD 1 of entropy and energy; ln variance has median 0, MAD 1.
        score.Fit([
            [1, 2, 3],
            [1, 2, 3],
            [1 / e, 1, e],
        ]);
        double z = 1 / 1.4826;
        Assert.Equal(0, score.Evaluate([2, 2, 1], 0), 9);
        Assert.Equal(z, score.Evaluate([1, 1, 1], 0), 9);
        Assert.Equal(z / 2, score.Evaluate([2, 1, 1], 0), 9);
        Assert.Equal(-z, score.Evaluate([2, 2, 1 / e], 0), 9);
        Assert.Equal(z, score.Evaluate([2, 2, e], 0), 9);
        Assert.Equal(4, score.Evaluate([2, 2, 1000], 0), 9);
        Assert.Equal(-4, score.Evaluate([2, 2, 0], 0), 9);
    }

    [Theory]
    [InlineData("combined")]
    [InlineData("rank-average")]
    [InlineData("confident-core")]
    public void A_table_without_a_probe_is_ranked_by_its_logits(string method)
    {
        TableHeader logits = new(Columns.Scores, "scores.csv");
        RowScore score = Bind(method, logits);
        Assert.Equal(["entropy", "energy"], score.Columns);
        score.Fit([
            [1, 2, 3],
            [1, 2, 3],
        ]);
        double best = score.Evaluate([1, 1], 0),
            middle = score.Evaluate([2, 2], 0),
            worst = score.Evaluate([3, 3], 0);
        Assert.True(best > middle && middle > worst && double.IsFinite(best) && double.IsFinite(worst));
    }

    [Fact]
    public void The_attention_probe_by_its_own_name_wants_a_probe() =>
        Assert.Contains(
            "probe_variance",
            Assert.Throws<TableException>(() => Bind("attention-probe", new TableHeader(Columns.Scores, "scores.csv"))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void The_default_weighs_the_probe_by_how_far_its_blocks_agree()
    {
        double[] first = Exp(-1.4826, -1.4826, 1.4826, 1.4826);

        // Scaled columns are (-1, -1, 1, 1) in each; a block against itself has the most weight that is given: 4 to 1.
        Assert.Equal(2 * 4 / 5.0, ProbeWeight(first, first), 9);
        Assert.Equal(0, ProbeWeight(first, Exp(-1.4826, 1.4826, -1.4826, 1.4826)), 9);
        // Opposite blocks have no quantity in common.
        Assert.Equal(0, ProbeWeight(first, Exp(1.4826, 1.4826, -1.4826, -1.4826)), 9);
        // Correlation 1/2 in a pool of eight: 2 * 0.5 / (1 - 0.5) to 1.
        Assert.Equal(2 * 2 / 3.0, ProbeWeight(Exp(-1, -1, -1, -1, 1, 1, 1, 1), Exp(-1, -1, -1, 1, -1, 1, 1, 1)), 9);

        double[] Exp(params double[] values) => Array.ConvertAll(values, Math.Exp);

        // What one unit of the scaled probe adds.
        double ProbeWeight(double[] one, double[] two)
        {
            double[] constant = [.. one.Select(_ => 0.0)];
            RowScore score = Bind("attention-probe", null, 3, 7);
            score.Fit([constant, constant, one, two]);
            double unit = Math.Exp(1.4826 * Median(one));
            return score.Evaluate([0, 0, unit, unit], 0) - score.Evaluate([0, 0, 1, 1], 0);
        }

        // Of |ln x|, the columns' deviation from their median 0.
        double Median(double[] column) => column.Select(value => Math.Abs(Math.Log(value))).Order().ElementAt(column.Length / 2);
    }

    [Fact]
    public void The_default_is_the_attention_probe_and_turns_down_corrupted_copies_where_the_table_tells()
    {
        TableHeader told = new([.. Header.Columns, "intact"], "scores.csv");
        RowScore without = Bind("combined", null, 3),
            with = Bind("combined", told, 3),
            probe = Bind("attention-probe", null, 3);
        double[][] sample =
        [
            [1, 2, 3],
            [1, 2, 3],
            [0.5, 1, 2],
        ];
        without.Fit(sample);
        probe.Fit(sample);
        with.Fit([.. sample, [-1, 0, 1]]);

        Assert.Equal("combined", ScoreCatalogue.Default);
        Assert.Equal(probe.Columns, without.Columns);
        Assert.Equal([.. probe.Columns, "intact"], with.Columns);
        double alone = probe.Evaluate([1.5, 2, 1.5], 0);
        Assert.Equal(alone, without.Evaluate([1.5, 2, 1.5], 0), 12);
        // 10 ln of 1/2, of all but 1, and of e^-50.
        Assert.Equal(alone + (10 * Math.Log(0.5)), with.Evaluate([1.5, 2, 1.5, 0], 0), 12);
        Assert.Equal(alone, with.Evaluate([1.5, 2, 1.5, 50], 0), 12);
        Assert.Equal(alone - 500, with.Evaluate([1.5, 2, 1.5, -50], 0), 9);
    }

    [Fact]
    public void The_rank_average_is_the_mean_share_of_the_pool_that_is_less_useful()
    {
        RowScore score = Bind("rank-average", null, 3, 7);
        Assert.Equal(["entropy", "energy", "probe_variance_3", "probe_variance_7"], score.Columns);
        score.Fit([
            [1, 2, 3, 4],
            [1, 1, 1, 9],
            [1, 2, 3, 4],
            [4, 3, 2, 1],
        ]);
        // Lowest entropy beats 3 of 4 and ties with itself; of three equal energies the middle; the two blocks cancel out.
        Assert.Equal(((3.5 / 4) + (2.5 / 4) + ((0.5 + 3.5) / 8)) / 3, score.Evaluate([1, 1, 1, 4], 0), 12);
        Assert.Equal((1 + 0 + 0.5) / 3, score.Evaluate([0.5, 10, 5, 0.5], 0), 12);
    }

    [Fact]
    public void Variance_is_the_geometric_mean_of_the_blocks()
    {
        Assert.Equal(2, Bind("variance").Evaluate([1, 4], 0), 12);
        Assert.Equal(0, Bind("variance").Evaluate([0, 4], 0), 12);
    }

    [Theory]
    [InlineData("entropy", -0.25)]
    [InlineData("energy", -0.25)]
    [InlineData("confidence", 0.25)]
    public void Scores_of_the_logits_have_their_useful_sign(string method, double expected) =>
        Assert.Equal(expected, Bind(method).Evaluate([0.25], 0));

    [Fact]
    public void Random_depends_on_seed_and_content_alone()
    {
        double[] first = Draws(1),
            again = Draws(1),
            other = Draws(2);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.All(first, value => Assert.InRange(value, 0, 1));
        Assert.Equal(0.5, first.Average(), 0.02);
    }

    [Fact]
    public void Without_a_head_the_probe_selects_and_the_logits_say_why_not()
    {
        SelectOptions options = new Pool(folder)
            .Add(0, variance: 1)
            .Add(0, variance: 3)
            .Empty("prediction", "class_name", "confidence", "entropy", "energy", "pseudo_label_ce")
            .Options() with
        {
            Budget = 1,
            Quota = ClassQuota.Equal,
        };
        Assert.Equal([1], Pool.Taken(options with { Method = "variance" }));
        string message = Assert.Throws<TableException>(() => Pool.Taken(options with { Method = "attention-probe" })).Message;
        Assert.Contains("variance", message, StringComparison.Ordinal);
        Assert.Contains("head", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_learned_method_turns_down_what_looks_like_the_negatives()
    {
        Pool pool = new(folder),
            negatives = new(folder);
        for (int row = 0; row < 60; row++)
            pool.Add(1 + row % 7 / 10.0, variance: row % 3 == 0 ? 20 + row % 5 : 1 + row % 5 / 10.0);
        for (int row = 0; row < 30; row++)
            negatives.Add(1 + row % 7 / 10.0, variance: 20 + row % 5);
        SelectOptions options = pool.Options() with { Budget = 20, Method = "learned", Negatives = negatives.Write("negatives.csv") };
        int[] taken = Pool.Taken(options);
        Assert.DoesNotContain(taken, row => row % 3 == 0);
        Assert.Equal(taken, Pool.Taken(options));
        Assert.Contains(
            "Negatives",
            Assert.Throws<SelectionException>(() => Pool.Taken(options with { Negatives = null })).Message,
            StringComparison.Ordinal
        );
    }

    private static double[] Draws(long seed)
    {
        RowScore score = ScoreCatalogue
            .Find("random")
            .Bind(
                Header,
                new SelectOptions
                {
                    Scores = "s.csv",
                    Output = "o.csv",
                    Seed = seed,
                }
            );
        return [.. Enumerable.Range(0, 4000).Select(row => score.Evaluate([], (ulong)row))];
    }
}
