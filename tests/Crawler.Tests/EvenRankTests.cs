// Ranks in a pool do not depend on how often a source was asked.

using CsCheck;
using DataFreeKD.Crawler.Steering;

namespace DataFreeKD.Crawler.Tests;

public sealed class EvenRankTests
{
    [Fact]
    public void A_rank_is_the_share_of_the_pool_below_with_equals_counted_half() =>
        Assert.Equal([0.125, 0.5, 0.5, 0.875], EvenRank.Of(["a", "b", "a", "b"], [1, 2, 2, 3]));

    [Fact]
    public void A_source_weighs_the_same_however_many_images_it_has() =>
        Assert.Equal([0.25, 0.5 + 0.5 / 6, 0.75, 1 - 0.5 / 6], EvenRank.Of(["few", "many", "many", "many"], [0, 1, 2, 3]), (a, b) =>
            Math.Abs(a - b) < 1e-12
        );

    [Fact]
    public void Ranks_order_as_scores_do_and_average_a_half_over_sources() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 9])
            .Array[1, 40]
            .Sample(images =>
            {
                string[] sources = [.. images.Select(image => $"s{image.Item1}")];
                double[] scores = [.. images.Select(image => (double)image.Item2)],
                    ranks = EvenRank.Of(sources, scores);
                double mean = sources.Zip(ranks).GroupBy(pair => pair.First).Average(source => source.Average(pair => pair.Second));
                return Math.Abs(mean - 0.5) < 1e-9
                    && Enumerable
                        .Range(0, scores.Length)
                        .All(i => Enumerable.Range(0, scores.Length).All(j => scores[i] < scores[j] == ranks[i] < ranks[j]));
            });
}
