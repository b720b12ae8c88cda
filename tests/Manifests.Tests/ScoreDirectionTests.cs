// Every score of the contract has a direction, and nothing else has.

namespace DataFreeKD.Manifests.Tests;

public sealed class ScoreDirectionTests
{
    [Fact]
    public void Every_score_column_points_somewhere()
    {
        string[] outputs = ["confidence", "entropy", "energy", "pseudo_label_ce"];
        Assert.All(
            [.. outputs, .. Columns.ExtraScores, Columns.ProbeVariance(0), Columns.ProbeCosine(11), Columns.ProbeEntropy(3)],
            column => Assert.NotEqual(0, ScoreDirection.Of(column))
        );
        Assert.All(Columns.Scores.Except(outputs).Concat(Columns.Store), column => Assert.Equal(0, ScoreDirection.Of(column)));
    }

    [Theory]
    [InlineData("entropy", -1)]
    [InlineData("probe_variance_7", 1)]
    [InlineData("probe_cosine_7", -1)]
    [InlineData("intact", 1)]
    [InlineData("probe_variance_", 0)]
    [InlineData("probe_variance_x", 0)]
    [InlineData("entropy_7", 0)]
    [InlineData("weight", 0)]
    [InlineData("", 0)]
    public void A_column_points_as_its_score_does(string column, int direction) => Assert.Equal(direction, ScoreDirection.Of(column));
}
