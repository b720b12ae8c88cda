// Comparisons: what is finished is kept, what was interrupted goes on, and differences are judged by Student's t.

using DataFreeKD.Distiller.Comparison;
using DataFreeKD.Testing;

namespace DataFreeKD.Distiller.Tests;

public sealed class ComparisonTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Fact]
    public void A_comparison_killed_anywhere_and_run_again_gives_the_same_results()
    {
        using TempFolder folder = new();
        ComparisonSummary whole = Run(Comparison(folder["whole"]));
        Assert.Equal((4, 0), (whole.Runs, whole.Kept));

        ComparisonOptions broken = Comparison(folder["broken"]);
        foreach (
            (string phase, int step) in new[] { ("kd/0 train", 10), ("labels/0 train", 30), ("labels/0 evaluate", 120), ("kd/1 train", 15) }
        )
            Assert.Throws<InvalidDataException>(() => Run(broken, new OnStep(phase, step, () => throw new InvalidDataException("killed"))));
        Assert.False(File.Exists(folder["broken/results.csv"]));
        Assert.Equal(2, Run(broken).Kept);
        Assert.Equal(File.ReadAllText(folder["whole/results.csv"]), File.ReadAllText(folder["broken/results.csv"]));

        // A run whose record was lost goes on from its last checkpoint, and is only measured again.
        File.Delete(folder["broken/kd/seed-1.json"]);
        Assert.Equal(3, Run(broken).Kept);
        Assert.Equal(File.ReadAllText(folder["whole/results.csv"]), File.ReadAllText(folder["broken/results.csv"]));
        Assert.Contains("*", File.ReadAllText(folder["broken/results.md"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_tables_hold_a_row_a_run_and_a_row_a_recipe()
    {
        using TempFolder folder = new();
        ComparisonSummary summary = Run(Comparison(folder["c"]));
        string[] rows = File.ReadAllLines(folder["c/results.csv"]);
        Assert.Equal("recipe,seed,steps,parameters,final_loss,held_out,all_images,all_top1,all_nll,all_ece", rows[0]);
        Assert.Equal(["kd,0", "kd,1", "labels,0", "labels,1"], rows.Skip(1).Select(row => string.Join(',', row.Split(',')[..2])));
        Assert.Equal(5, File.ReadAllLines(folder["c/times.csv"]).Length);

        RecipeFigures labels = summary.Figures.Single(figure => figure.Recipe == "labels");
        double[] top1 = [.. rows.Skip(1).Select(row => double.Parse(row.Split(',')[7], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal([top1[2], top1[3]], labels.Top1);
        Assert.Equal((top1[2] - top1[0] + top1[3] - top1[1]) / 2, labels.Difference!.Value, 12);
        Assert.Null(summary.Figures.Single(figure => figure.Recipe == "kd").Difference);
        Assert.Equal(["| kd ", "| labels "], summary.Table.Split('\n').Skip(2).Take(2).Select(line => line[..(line.IndexOf('|', 1))]));
    }

    [Fact]
    public void Processes_share_a_comparison_run_by_run()
    {
        using TempFolder folder = new();
        Run(Comparison(folder["whole"]));
        ComparisonOptions shared = Comparison(folder["shared"]);
        // While the first run is under way, another process does the other three.
        ComparisonSummary? other = null;
        ComparisonSummary first = Run(shared, new OnStep("kd/0 train", 10, () => other ??= Run(shared)));
        Assert.Equal((3, 0, 1), (other!.Runs, other.Kept, other.Elsewhere));
        Assert.Equal("", other.Table);
        Assert.Equal((4, 3, 0), (first.Runs, first.Kept, first.Elsewhere));
        Assert.Equal(File.ReadAllText(folder["whole/results.csv"]), File.ReadAllText(folder["shared/results.csv"]));
        Assert.Empty(Directory.EnumerateFiles(folder["shared"], "*.lock", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("results.csv")]
    [InlineData("results.md")]
    [InlineData("times.csv")]
    [InlineData("kd/seed-0.json")]
    [InlineData("results.json")]
    public void Files_of_its_names_that_no_comparison_wrote_are_refused(string name)
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(Path.GetDirectoryName(folder["c/" + name])!);
        File.WriteAllText(folder["c/" + name], "mine");
        DataFreeKDException refused = Assert.ThrowsAny<DataFreeKDException>(() => Run(Comparison(folder["c"]) with { Overwrite = true }));
        Assert.Contains(Path.GetFileName(name), refused.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder["c/" + name]));
        Assert.Equal(
            [Path.GetFileName(name)],
            Directory.EnumerateFiles(folder["c"], "*", SearchOption.AllDirectories).Select(Path.GetFileName)
        );
    }

    public static TheoryData<string, string> Impossible =>
        new()
        {
            { "teacher", "recipe 'last': " },
            { "student", "recipe 'last': " },
            { "selection", "recipe 'last': " },
            { "loss", "recipe 'last': " },
            { "data", "recipe 'last': " },
            { "test", "test set 'gone': " },
        };

    [Theory, MemberData(nameof(Impossible))]
    public void A_recipe_that_cannot_begin_is_refused_before_the_first_one_does(string what, string expected)
    {
        using TempFolder folder = new();
        DistillOptions distil = world.Distill("-");
        LoopOptions last = what switch
        {
            "teacher" => distil with { Teacher = folder["gone"] },
            "student" => distil with { Student = "vit:img=16,patch=5,dim=16,depth=2,heads=2" },
            "selection" => distil with { Selection = folder["gone.csv"] },
            "loss" => distil with { Loss = Losses.Recipe.Parse("kd+dist:teacher=3") },
            "data" => world.Train("-") with { Labelled = folder["gone"] },
            _ => distil,
        };
        ComparisonOptions options = Comparison(folder["c"]);
        options = options with
        {
            Recipes = [options.Recipes[0], new ComparedRecipe("last", last)],
            TestSets = what == "test" ? [.. options.TestSets, new TestSet("gone", folder["gone"])] : options.TestSets,
        };
        Assert.StartsWith(expected, Refused(options), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["c"]));
    }

    [Fact]
    public void Recipes_seeds_and_test_sets_can_be_added_later()
    {
        using TempFolder folder = new();
        ComparisonOptions options = Comparison(folder["c"]) with { Seeds = [0] };
        ComparisonSummary one = Run(options);
        Assert.True(double.IsNaN(one.Figures[0].Deviation));
        Assert.False(one.Figures[1].BeyondNoise);
        ComparisonSummary more = Run(options with { Seeds = [0, 7], TestSets = [.. options.TestSets, new TestSet("again", world.Images)] });
        Assert.Equal((4, 2), (more.Runs, more.Kept));
        Assert.Equal(
            more.Figures.Where(figure => figure.TestSet == "all").Select(figure => figure.Mean),
            more.Figures.Where(figure => figure.TestSet == "again").Select(figure => figure.Mean)
        );
    }

    [Fact]
    public void A_finished_run_of_other_options_or_changed_inputs_is_not_mixed_in()
    {
        using TempFolder folder = new();
        string selection = folder["selected.csv"];
        File.WriteAllLines(
            selection,
            File.ReadAllLines(world.Selection).Select(line => line.Replace("images/", world.Images + "/", StringComparison.Ordinal))
        );
        ComparisonOptions options = Comparison(folder["c"]) with
        {
            Recipes = [new ComparedRecipe("kd", world.Distill("-") with { Selection = selection, Steps = 5 })],
            Seeds = [0],
        };
        Run(options);
        Assert.Contains(
            "loss was 'kd:T=4,head=mean,standardise=0,reduction=batchmean' and is 'kd:T=2,head=mean,standardise=0,reduction=batchmean'",
            Refused(
                options with
                {
                    Recipes =
                    [
                        new ComparedRecipe("kd", (DistillOptions)options.Recipes[0].Options with { Loss = Losses.Recipe.Parse("kd:T=2") }),
                    ],
                }
            ),
            StringComparison.Ordinal
        );
        File.AppendAllText(selection, "nothing.bmp,failed,1\n");
        Assert.Contains("selected.csv has changed", Refused(options), StringComparison.Ordinal);
        Assert.Equal(0, Run(options with { Overwrite = true }).Kept);
        Assert.Equal(1, Run(options).Kept);
    }

    [Fact]
    public void A_comparison_that_cannot_be_fair_is_refused()
    {
        using TempFolder folder = new();
        ComparisonOptions options = Comparison(folder["c"]);
        Assert.Contains(
            "equal-steps",
            Refused(options with { Recipes = [options.Recipes[0], new ComparedRecipe("short", world.Distill("-") with { Steps = 20 })] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "equal-steps",
            Refused(options with { Recipes = [new ComparedRecipe("open", world.Distill("-") with { Steps = null })] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "twice",
            Refused(options with { Recipes = [options.Recipes[0], options.Recipes[1] with { Name = "KD" }] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "../up",
            Refused(options with { Recipes = [options.Recipes[0] with { Name = "../up" }] }),
            StringComparison.Ordinal
        );
        Assert.Contains("baseline", Refused(options with { Baseline = "other" }), StringComparison.Ordinal);
        Assert.Contains("different", Refused(options with { Seeds = [1, 1] }), StringComparison.Ordinal);
        Assert.Contains("test set", Refused(options with { TestSets = [] }), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["c"]));
    }

    /// <summary>Quantiles from the printed tables of Student's t: 12.706 (1), 4.303 (2), 2.776 (4).</summary>
    [Theory]
    [InlineData(new[] { 2.0, 4.0 }, 12.706)]
    [InlineData(new[] { 1.0, 2.0, 6.0 }, 4.303)]
    [InlineData(new[] { 1.0, 2.0, 2.5, 3.0, 1.5 }, 2.776)]
    public void The_interval_is_that_of_the_paired_t_test(double[] differences, double quantile)
    {
        double[] baseline = [.. differences.Select((_, i) => 50.0 + i)],
            values = [.. differences.Zip(baseline, (difference, other) => difference + other)];
        double mean = differences.Average(),
            deviation = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / (differences.Length - 1));
        double half = quantile * deviation / Math.Sqrt(differences.Length);
        PairedDifference found = PairedDifference.Of(values, baseline);
        Assert.Equal(mean, found.Mean, 12);
        Assert.Equal(mean - half, found.Low, 5e-4 * half);
        Assert.Equal(mean + half, found.High, 5e-4 * half);
        Assert.Equal(mean > half, found.BeyondNoise);
    }

    private ComparisonOptions Comparison(string output) =>
        new()
        {
            Output = output,
            Recipes =
            [
                new ComparedRecipe("kd", world.Distill("-")),
                new ComparedRecipe("labels", world.Train("-") with { Model = TinyWorld.StudentSpec, LogEvery = 5, CheckpointEvery = 7 }),
            ],
            Seeds = [0, 1],
            TestSets = [new TestSet("all", world.Images)],
            Workers = 2,
        };

    private static ComparisonSummary Run(ComparisonOptions options, OnStep? progress = null) =>
        ComparisonRun.Execute(options, progress, TestContext.Current.CancellationToken);

    private static string Refused(ComparisonOptions options) => Assert.Throws<DistillException>(() => Run(options)).Message;
}
