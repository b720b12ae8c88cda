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

    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public void A_look_has_the_rows_and_the_probabilities_that_the_figures_come_from(int classes)
    {
        using ScoringWorld world = new();
        string images = world.Images("images", 7, brokenEvery: 3);
        using TeacherProbe probe = new(ScoreRunTests.Options(world, images) with { Teacher = world.Teacher(classes), BatchSize = 2 });
        string[] files = [.. Directory.EnumerateFiles(images).Order(StringComparer.Ordinal)];

        IReadOnlyList<TeacherLook?> looks = probe.Look(files, TestContext.Current.CancellationToken);
        IReadOnlyList<double[]?> figures = probe.Score(files, TestContext.Current.CancellationToken);

        Assert.Equal(figures.Select(of => of is null), looks.Select(look => look is null));
        foreach ((TeacherLook? look, double[]? of) in looks.Zip(figures).Where(pair => pair.First is not null))
        {
            Assert.Equal((8, 8, 2), (look!.Seen.Width, look.Seen.Height, look.GridWidth));
            foreach (int block in probe.Blocks)
            {
                float[] row = look.Probes[block];
                Assert.Equal(1, row.Sum(), 1e-5);
                double variance = row.Average(value => Math.Pow((value * row.Length) - 1, 2));
                Assert.Equal(of![probe.Columns.ToList().IndexOf(Columns.ProbeVariance(block))], variance, 1e-4);
            }
            if (classes == 0) Assert.Null(look.Probabilities);
            else Assert.Equal(of![probe.Columns.ToList().IndexOf("confidence")], look.Probabilities!.Max(), 1e-5);
        }
    }
}
