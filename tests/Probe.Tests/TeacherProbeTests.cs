// Single files get the figures that the table has.

using DataFreeKD.Manifests;

namespace DataFreeKD.Probe.Tests;

public sealed class TeacherProbeTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public void Files_get_the_figures_of_the_scores_table(int classes)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 11, brokenEvery: 4);
        ScoreOptions options = ScoreRunTests.Options(world, images) with { Teacher = world.Teacher(classes) };
        ScoringWorld.Score(options);
        List<TableRow> rows = ScoringWorld.Rows(options.Output);

        using TeacherProbe probe = new(options);
        IReadOnlyList<double[]?> figures = probe.Score([.. rows.Select(row => world[row["path"]!])], TestContext.Current.CancellationToken);

        Assert.Equal(rows.Select(row => row["status"] == Status.Ok), figures.Select(of => of is not null));
        foreach ((TableRow row, double[]? of) in rows.Zip(figures).Where(pair => pair.Second is not null))
        {
            Assert.Equal(probe.Columns.Select(column => row[column]), of!.Select(figure => Numbers.Format((float)figure)));
        }
        Assert.Equal(classes > 0, probe.Columns.Contains("entropy"));
    }
}
