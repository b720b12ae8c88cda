// What a worker makes of a comparison's plan, and what it refuses of one that is not for its machine.

using DataFreeKD.Cli.Engine;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Comparison;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Tests;
using DataFreeKD.Models;
using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

public sealed class CompareStageTests(TinyWorld world) : IClassFixture<TinyWorld>, IDisposable
{
    private readonly TempFolder folder = new();
    private readonly CompareStage stage = new(1);

    public void Dispose()
    {
        stage.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_run_is_done_by_the_options_beside_the_plan_and_found_finished_the_second_time()
    {
        ComparisonOptions options = Options();
        ShardMessage message = Planned(options);
        long steps = 0;

        Assert.Equal(ShardOutcome.Done, Run(message with { Shard = 1 }, "/", done => steps = done));
        Assert.Equal(10, steps);
        steps = 0;
        Assert.Equal(ShardOutcome.Done, Run(message with { Shard = 1 }, "/", done => steps = done));
        Assert.Equal(0, steps);
        Assert.Equal([0], new ShardedComparison(options).Look().Missing);
    }

    [Fact]
    public void The_options_come_back_as_they_were_given()
    {
        ComparisonOptions options = Options() with
        {
            Baseline = "labels",
            Recipes =
            [
                new ComparedRecipe(
                    "kd",
                    world.Distill("-") with
                    {
                        Loss = Recipe.Parse("preset:deit-soft+probe:variant=official*0.8"),
                        FurtherTeachers = ["other"],
                        Preprocessing = new PreprocessingOverride { CropPct = 0.9, Mean = [0.1f, 0.2f, 0.3f] },
                        LearningRate = 1.1e-3,
                        Naming = TensorNaming.HuggingFace,
                    }
                ),
                new ComparedRecipe("labels", world.Train("-") with { LabelSmoothing = 0.3 }),
            ],
        };
        new CompareJob(options).Write(folder.Path);

        ComparisonOptions read = CompareJob.Read(folder.Path).Options(3);

        Assert.Equal(3, read.Workers);
        Assert.Equal(options.TestSets, read.TestSets);
        Assert.Equal((options.Output, options.Baseline), (read.Output, read.Baseline));
        foreach ((ComparedRecipe one, ComparedRecipe other) in options.Recipes.Zip(read.Recipes))
        {
            Assert.Equal(one.Options.GetType(), other.Options.GetType());
            Assert.Equal(OptionsText.All(one.Options with { Workers = 3 }), OptionsText.All(other.Options));
        }
    }

    [Fact]
    public void Models_tables_and_images_outside_the_root_are_refused_and_nothing_is_written()
    {
        string pool = Directory.CreateDirectory(folder["pool"]).FullName,
            teacher = folder["pool/teacher"],
            data = folder["pool/data"],
            selection = folder["pool/selected.csv"],
            image = Directory.EnumerateFiles(Path.Combine(world.Images, "left")).First();
        Directory.CreateDirectory(teacher);
        foreach (string file in Directory.EnumerateFiles(world.Teacher))
            File.Copy(file, Path.Combine(teacher, Path.GetFileName(file)));
        foreach (string label in (string[])["left", "middle", "right"])
        {
            Directory.CreateDirectory(Path.Combine(data, label));
            string first = Directory.EnumerateFiles(Path.Combine(world.Images, label)).First();
            File.Copy(first, Path.Combine(data, label, "1.bmp"));
        }
        File.WriteAllLines(selection, ["path,status", $"{image},ok", $"{data}/left/1.bmp,ok"]);

        DistillOptions distil = world.Distill("-") with { Teacher = teacher, Selection = selection };
        Refuses("teacher", distil with { Teacher = world.Teacher }, data, world.Teacher);
        Refuses("selection", distil with { Selection = world.Selection }, data, world.Selection);
        Refuses("image", distil, data, image);
        Refuses("test", distil, world.Images, world.Images);
        File.WriteAllLines(selection, ["path,status", $"{data}/left/1.bmp,ok", $"{data}/right/1.bmp,ok"]);
        Refuses("train", world.Train("-"), data, world.Images);
        File.Delete(Path.Combine(teacher, "model.safetensors"));
        File.CreateSymbolicLink(Path.Combine(teacher, "model.safetensors"), Path.Combine(world.Teacher, "model.safetensors"));
        Refuses("link", distil, data, "model.safetensors");

        void Refuses(string name, LoopOptions recipe, string tests, string what)
        {
            ComparisonOptions options = Options() with
            {
                Output = folder[$"pool/out-{name}"],
                Recipes = [new ComparedRecipe("only", recipe with { Steps = 10 })],
                TestSets = [new TestSet("all", tests)],
            };
            ShardMessage message = Planned(options);
            ShardRefusedException refused = Assert.Throws<ShardRefusedException>(() => Run(message, pool));
            Assert.Contains(what, refused.Message, StringComparison.Ordinal);
            Assert.Contains("is not within --root", refused.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(message.Folder, "attempts")));
            Assert.False(Directory.Exists(options.Output));
        }
    }

    [Fact]
    public void Another_plan_other_options_and_options_that_are_none_are_refused()
    {
        ComparisonOptions options = Options();
        ShardMessage message = Planned(options);
        string job = Path.Combine(message.Folder, ShardJson.JobName);

        Assert.Contains("has another plan", Refused(message with { Plan = new string('0', 64) }), StringComparison.Ordinal);
        string other = Planned(Options() with { Output = folder["other"] }).Folder;
        File.Copy(job, Path.Combine(other, ShardJson.JobName), overwrite: true);
        Assert.Contains("holds the options of", Refused(message with { Folder = other }), StringComparison.Ordinal);
        new CompareJob(options with { Seeds = [7] }).Write(message.Folder);
        Assert.Contains("its seeds are 0 and this process's 7", Refused(message), StringComparison.Ordinal);
        File.WriteAllText(job, "{\"compare\": {\"command\": \"rm\"}}");
        Assert.Contains("cannot be read as the options of a comparison", Refused(message), StringComparison.Ordinal);
        File.WriteAllText(job, File.ReadAllText(job).Replace("command", "recipes", StringComparison.Ordinal));
        Assert.Contains("cannot be read as the options of a comparison", Refused(message), StringComparison.Ordinal);
        File.Delete(job);
        Assert.Contains(ShardJson.JobName, Refused(message), StringComparison.Ordinal);

        string Refused(ShardMessage sent) => Assert.Throws<ShardRefusedException>(() => Run(sent, "/")).Message;
    }

    private ComparisonOptions Options() =>
        new()
        {
            Output = folder["c"],
            Recipes =
            [
                new ComparedRecipe("kd", world.Distill("-") with { Steps = 10, Workers = 1 }),
                new ComparedRecipe(
                    "labels",
                    world.Train("-") with
                    {
                        Model = TinyWorld.StudentSpec,
                        Steps = 10,
                        Workers = 1,
                        LogEvery = 5,
                    }
                ),
            ],
            Seeds = [0],
            TestSets = [new TestSet("all", world.Images)],
            Workers = 1,
        };

    private static ShardMessage Planned(ComparisonOptions options)
    {
        ShardedComparison comparison = new(options, cancel: TestContext.Current.CancellationToken);
        ComparisonPlan plan = comparison.Plan();
        new CompareJob(options).Write(comparison.Folder);
        return FirstShard.Of(CompareStage.Stage, comparison.Folder, comparison.PlanSha256, plan.Version, plan.Numerics);
    }

    private ShardOutcome Run(ShardMessage message, string root, Action<long>? rows = null) =>
        stage.Run(message, new PoolRoot(root), rows ?? (_ => { }), () => true, TestContext.Current.CancellationToken);
}
