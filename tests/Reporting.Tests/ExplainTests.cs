// One image beside a pool, and its map.

using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Reporting.Explain;
using DataFreeKD.Reporting.Pictures;

namespace DataFreeKD.Reporting.Tests;

public sealed class ExplainTests
{
    [Fact]
    public void A_percentile_is_the_share_of_usable_rows_below_and_half_of_the_equal_ones()
    {
        using ReportWorld world = new();
        foreach (double entropy in (double[])[0.5, 1, 1, 2, 3])
            world.Add(entropy, prediction: entropy < 1.5 ? 4 : 5, picture: false);
        world.Fail("truncated");

        PoolStanding standing = PoolStanding.Of(
            world.Options().Scores,
            new Dictionary<string, double> { ["entropy"] = 1, ["unheard_of"] = 1 },
            4,
            "sha2",
            TestContext.Current.CancellationToken
        );

        ScoreStanding entropies = Assert.Single(standing.Scores);
        Assert.Equal(0.4, entropies.Below, 12);
        Assert.Equal(0.6, entropies.MoreUsefulThan, 12);
        Assert.Equal(1, entropies.Median);
        Assert.Equal((5, 3, "pool/2.png"), (standing.Usable, standing.SameClass, standing.FoundAs));
    }

    [Fact]
    public void A_table_of_another_teacher_is_refused_by_its_columns()
    {
        using ReportWorld world = new();
        string scores = world.Add(1, picture: false).Options().Scores;

        TableException refused = Assert.Throws<TableException>(() =>
            PoolStanding.Of(
                scores,
                new Dictionary<string, double> { ["probe_variance_9"] = 1 },
                null,
                "",
                TestContext.Current.CancellationToken
            )
        );

        Assert.Contains("no score in common", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.95, 0.93, "Among the most useful of the pool: on average its scores are better than 94 %")]
    [InlineData(0.8, 0.7, "Useful")]
    [InlineData(0.5, 0.5, "Ordinary")]
    [InlineData(0.1, 0.1, "Of little use")]
    public void The_verdict_follows_the_shares(double answer, double gaze, string begins) =>
        Assert.StartsWith(begins, ImageVerdict.AgainstPool(Standing(answer, gaze))[0], StringComparison.Ordinal);

    [Fact]
    public void A_sure_answer_with_an_even_gaze_is_pointed_out_and_so_is_the_contrary()
    {
        Assert.Contains("looks everywhere alike", ImageVerdict.AgainstPool(Standing(0.9, 0.1))[1], StringComparison.Ordinal);
        Assert.Contains("unsure what it is", ImageVerdict.AgainstPool(Standing(0.1, 0.9))[1], StringComparison.Ordinal);
        Assert.Single(ImageVerdict.AgainstPool(Standing(0.5, 0.5)));
    }

    [Theory]
    [InlineData(0.95, "very sure")]
    [InlineData(0.6, "fairly sure")]
    [InlineData(0.35, "unsure")]
    [InlineData(0.12, "all but guessing")]
    public void Without_a_pool_the_probability_speaks(double first, string words)
    {
        float[] probabilities = [(float)first, .. Enumerable.Repeat((float)((1 - first) / 9), 9)];
        Assert.Contains(words, Assert.Single(ImageVerdict.Alone(probabilities)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_map_is_bright_where_the_teacher_looks_and_dark_where_it_does_not()
    {
        RgbImage grey = new(16, 16, [.. Enumerable.Repeat((byte)128, 16 * 16 * 3)]);

        RgbImage map = AttentionOverlay.Draw(new AttentionView(grey, [1, 0, 0, 0], 2), 64);

        Assert.True(Level(map, 2, 2) > 110);
        Assert.Equal(45, Level(map, 62, 62));
        Assert.Equal(45, Level(map, 62, 2));
        // An even gaze is a half-bright picture, the same everywhere.
        RgbImage even = AttentionOverlay.Draw(new AttentionView(grey, [0.25f, 0.25f, 0.25f, 0.25f], 2), 64);
        Assert.Single(Enumerable.Range(0, 64).Select(x => Level(even, x, x)).Distinct());

        static int Level(RgbImage image, int x, int y) => image.Pixels[(((y * image.Width) + x) * 3) + 1];
    }

    [Fact]
    public void A_row_that_fills_no_grid_is_refused()
    {
        RgbImage image = ReportWorld.Gradient(0);
        Assert.Throws<ArgumentException>(() => AttentionOverlay.Draw(new AttentionView(image, [0.5f, 0.3f, 0.2f], 2), 8));
    }

    private static PoolStanding Standing(double answer, double gaze) =>
        new(
            100,
            10,
            [
                new ScoreStanding("entropy", "", "", 0, 0, 1 - answer, answer),
                new ScoreStanding("probe_variance_3", "", "", 0, 0, gaze, gaze),
            ],
            null
        );
}
