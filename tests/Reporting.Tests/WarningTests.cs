// What is odd about a pool is said; what is ordinary is not warned of.

namespace DataFreeKD.Reporting.Tests;

public sealed class WarningTests
{
    [Fact]
    public void An_ordinary_pool_gets_no_warning()
    {
        using ReportWorld world = new();
        Assert.Empty(Warnings(world.Fill(150)));
    }

    [Fact]
    public void A_teacher_without_a_head_is_noticed()
    {
        using ReportWorld world = new();
        for (int at = 0; at < 120; at++)
            world.Add(0, prediction: -1, variance: 1 + (0.01 * at));

        Assert.Contains("no classification head", Assert.Single(Warnings(world)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.99, true)]
    [InlineData(0.8, false)]
    public void A_teacher_whose_predictions_are_all_but_even_is_called_untrained(double share, bool untrained)
    {
        using ReportWorld world = new();
        for (int at = 0; at < 120; at++)
            world.Add(share * Math.Log(10), prediction: at % 10);

        Assert.Equal(untrained, Warnings(world).Any(warning => warning.Contains("seems untrained", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_even_gaze_on_everything_is_noticed()
    {
        using ReportWorld world = new();
        for (int at = 0; at < 120; at++)
            world.Add(0.5 + (0.001 * at), at % 3, variance: 0.0002);

        Assert.Contains("nearly the same everywhere", Assert.Single(Warnings(world)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(116, "Nearly all images are predicted to be class0 (96.7 %)")]
    [InlineData(72, "One class, class0, makes up 60.0 % of the pool")]
    [InlineData(40, null)]
    public void One_class_above_all_others_is_noticed(int first, string? warning)
    {
        using ReportWorld world = new();
        for (int at = 0; at < 120; at++)
            world.Add(0.5 + (0.001 * at), at < first ? 0 : 1 + (at % 2));

        if (warning is null)
            Assert.Empty(Warnings(world));
        else
            Assert.StartsWith(warning, Assert.Single(Warnings(world)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tiny_pool_and_one_of_mostly_failures_are_noticed()
    {
        using ReportWorld world = new();
        world.Fill(9);
        for (int at = 0; at < 10; at++)
            world.Fail("truncated");

        IReadOnlyList<string> warnings = Warnings(world);

        Assert.Contains(warnings, warning =>
            warning.StartsWith("More than half of the files could not be used (52.6 %)", StringComparison.Ordinal)
        );
        Assert.Contains(warnings, warning => warning.StartsWith("The pool is tiny (9 usable images)", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pool_without_one_usable_image_is_still_reported_on()
    {
        using ReportWorld world = new();
        Assert.Equal(
            ["No image of the pool is usable; the table of what was removed says why."],
            Warnings(world.Fail("truncated").Fail("empty"))
        );
    }

    [Fact]
    public void Images_that_were_moved_are_noticed()
    {
        using ReportWorld world = new();
        Assert.StartsWith(
            "None of the images to show could be read",
            Assert.Single(Warnings(world.Fill(120, pictures: false))),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_selection_from_another_table_is_noticed()
    {
        using ReportWorld world = new();
        ReportOptions options = world.Fill(150).Options();
        new Manifests.Provenance
        {
            Version = "1",
            Command = "select",
            Inputs = new Dictionary<string, string> { ["scores.csv"] = new string('0', 64) },
        }.WriteBeside(options.Selection!);

        Assert.StartsWith(
            "The selection was made from another scores table",
            Assert.Single(ReportRun.Execute(options, cancel: TestContext.Current.CancellationToken).Warnings),
            StringComparison.Ordinal
        );

        new Manifests.Provenance
        {
            Version = "1",
            Command = "select",
            Inputs = new Dictionary<string, string>
            {
                ["scores.csv"] = Manifests.Provenance.HashFile(options.Scores, TestContext.Current.CancellationToken),
            },
        }.WriteBeside(options.Selection!);
        Assert.Empty(ReportRun.Execute(options, cancel: TestContext.Current.CancellationToken).Warnings);
    }

    private static IReadOnlyList<string> Warnings(ReportWorld world)
    {
        world.Report(out ReportSummary summary);
        return summary.Warnings;
    }
}
