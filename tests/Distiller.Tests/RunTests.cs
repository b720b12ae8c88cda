// Whole runs on a tiny world: they learn, they can be interrupted anywhere, they refuse what cannot be.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class RunTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Fact]
    public void Distilling_brings_the_student_to_the_teachers_decisions()
    {
        using TempFolder folder = new();
        DistillSummary summary = Run(world.Distill(folder["student"]) with { Steps = 120, HoldOut = 0.2 });
        Assert.Equal(24, summary.HeldOutImages);
        Assert.True(summary.HeldOut >= 0.9, $"agreement {summary.HeldOut}");
        Assert.True(summary.Parameters < summary.TeacherParameters);

        EvaluationReport report = Run(
            new EvaluateOptions
            {
                Model = folder["student"],
                Labelled = world.Images,
                Against = world.Teacher,
                BatchSize = 50,
            }
        );
        Assert.True(report.Against!.Top1 >= 0.95, $"teacher {report.Against.Top1}");
        Assert.True(report.Top1 >= 0.9, $"student {report.Top1}");
        Assert.Equal(report.Top1, report.Classes.Sum(row => row.Accuracy * row.Images) / report.Images, 12);
        Assert.Equal(1, report.Top5);
        Assert.Equal([40L, 40L, 40L], report.Confusion.Select(row => row.Sum()));
    }

    public static TheoryData<string> Recipes => ["plain", "everything", "dropout", "schedule", "relations"];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_run_cancelled_at_any_step_and_resumed_ends_bit_equal(string recipe)
    {
        using TempFolder folder = new();
        DistillOptions options = Variant(recipe, folder["whole"]);
        Run(options);
        DistillOptions broken = options with { Output = folder["broken"], Resume = true };
        foreach (int stop in (int[])[5, 10, 25])
        {
            using CancellationTokenSource cancel = new();
            Assert.ThrowsAny<OperationCanceledException>(() =>
                DistillRun.Execute(broken, new OnStep("train", stop, cancel.Cancel), cancel.Token)
            );
        }
        Assert.Equal(25, Run(broken).ResumedFrom);
        AssertSameBytes(folder["whole"], folder["broken"]);
    }

    [Fact]
    public void A_summary_tells_where_the_time_of_the_steps_went()
    {
        using TempFolder folder = new();
        DistillSummary summary = Run(world.Distill(folder["s"]));
        Assert.Equal(
            ["wait", "teacher", "student", "backward", "optimiser", "figures", "checkpoint"],
            summary.Stages.Select(stage => stage.Name)
        );
        Assert.All(summary.Stages, stage => Assert.True(stage.Seconds > 0 && stage.CpuSeconds >= 0, stage.ToString()));
        double inSteps = summary.Steps * world.Distill("").BatchSize / summary.ImagesPerSecond;
        Assert.InRange(summary.Stages.Sum(stage => stage.Seconds), 0.5 * inSteps, inSteps);
    }

    [Fact]
    public void A_run_killed_between_checkpoints_and_resumed_ends_bit_equal()
    {
        using TempFolder folder = new();
        DistillOptions options = Variant("everything", folder["whole"]);
        Run(options);
        DistillOptions broken = options with { Output = folder["broken"], Resume = true };
        // An exception out of the loop leaves what a kill leaves: rows after the last checkpoint.
        foreach (int stop in (int[])[10, 20, 25])
            Assert.Throws<InvalidDataException>(() =>
                Run(broken, new OnStep("train", stop, () => throw new InvalidDataException("killed")))
            );
        Assert.Equal(21, Run(broken).ResumedFrom);
        AssertSameBytes(folder["whole"], folder["broken"]);
    }

    [Fact]
    public void Workers_and_checkpoint_interval_do_not_change_the_result()
    {
        using TempFolder folder = new();
        Run(world.Distill(folder["a"]));
        Run(world.Distill(folder["b"]) with { Workers = 1, CheckpointEvery = 0, MaxPixelMemory = 0 });
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder["a"], "model.safetensors")),
            File.ReadAllBytes(Path.Combine(folder["b"], "model.safetensors"))
        );
        Run(world.Distill(folder["c"]) with { Seed = 1 });
        Assert.NotEqual(
            File.ReadAllBytes(Path.Combine(folder["a"], "model.safetensors")),
            File.ReadAllBytes(Path.Combine(folder["c"], "model.safetensors"))
        );
    }

    [Fact]
    public void Resuming_a_finished_run_changes_nothing()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]);
        Run(options);
        byte[] before = File.ReadAllBytes(Path.Combine(folder["s"], "model.safetensors"));
        DistillSummary again = Run(options with { Resume = true });
        Assert.Equal((30, 30), (again.Steps, again.ResumedFrom));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(folder["s"], "model.safetensors")));
    }

    [Fact]
    public void Resuming_with_other_options_is_refused()
    {
        using TempFolder folder = new();
        Run(world.Distill(folder["s"]));
        DistillException error = Assert.Throws<DistillException>(() =>
            Run(world.Distill(folder["s"]) with { Resume = true, LearningRate = 1e-3 })
        );
        Assert.Contains("other options", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_occupied_output_is_refused_and_overwriting_spares_other_files()
    {
        using TempFolder folder = new();
        Run(world.Distill(folder["s"]));
        File.WriteAllText(Path.Combine(folder["s"], "notes.txt"), "mine");
        Assert.Contains(
            "Overwrite",
            Assert.Throws<DistillException>(() => Run(world.Distill(folder["s"]))).Message,
            StringComparison.Ordinal
        );
        Run(world.Distill(folder["s"]) with { Overwrite = true, Steps = 10 });
        Assert.Equal("mine", File.ReadAllText(Path.Combine(folder["s"], "notes.txt")));
        Assert.Equal(3, File.ReadAllLines(Path.Combine(folder["s"], "training", "metrics.csv")).Length);
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("training/state.json")]
    [InlineData("provenance.json")]
    public void A_folder_that_no_run_left_is_refused_also_to_overwrite_or_resume(string name)
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(folder["s/training"]);
        File.WriteAllText(folder["s/training/notes.txt"], "mine");
        File.WriteAllText(folder["s/" + name], """{"version": 2, "options": 3}""");
        foreach (bool overwrite in (bool[])[true, false])
        {
            DistillException refused = Assert.Throws<DistillException>(() =>
                Run(world.Distill(folder["s"]) with { Overwrite = overwrite, Resume = !overwrite, Teacher = "never looked at" })
            );
            Assert.Contains("nothing that says that a run of this tool wrote them", refused.Message, StringComparison.Ordinal);
        }
        Assert.Equal("mine", File.ReadAllText(folder["s/training/notes.txt"]));
        Assert.Contains("version", File.ReadAllText(folder["s/" + name]), StringComparison.Ordinal);
    }

    [Fact]
    public void Overwriting_an_interrupted_run_spares_other_files_in_its_folders()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]);
        Assert.Throws<InvalidDataException>(() => Run(options, new OnStep("train", 10, () => throw new InvalidDataException("killed"))));
        File.WriteAllText(folder["s/training/notes.txt"], "mine");
        Run(options with { Overwrite = true });
        Assert.Equal("mine", File.ReadAllText(folder["s/training/notes.txt"]));
    }

    [Fact]
    public void A_model_that_appeared_meanwhile_is_not_replaced_and_the_run_goes_on_without_it()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]);
        OutputException refused = Assert.Throws<OutputException>(() =>
            Run(options, new OnStep("train", 10, () => File.WriteAllText(folder["s/model.safetensors"], "mine")))
        );
        Assert.Contains("model.safetensors appeared", refused.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder["s/model.safetensors"]));
        File.Delete(folder["s/model.safetensors"]);
        Run(options with { Resume = true });
        ModelStore.Load(folder["s"]).Dispose();
    }

    [Fact]
    public void A_finished_directory_tells_what_made_it()
    {
        using TempFolder folder = new();
        Run(world.Distill(folder["s"]));
        using LoadedModel student = ModelStore.Load(folder["s"]);
        Assert.Equal(["left", "middle", "right"], student.ClassNames);
        Provenance provenance = Provenance.ReadBeside(Path.Combine(folder["s"], "provenance"))!;
        Assert.Equal(("distill", 0L, "16"), (provenance.Command, provenance.Seed, provenance.Options["batch-size"]));
        Assert.Contains(Provenance.HashFile(world.Selection, TestContext.Current.CancellationToken), provenance.Inputs.Values);
        Assert.Contains("held-out agreement", File.ReadAllText(Path.Combine(folder["s"], "README.md")), StringComparison.Ordinal);
        Assert.Contains(
            "heldout_agreement",
            File.ReadLines(Path.Combine(folder["s"], "training", "metrics.csv")).First(),
            StringComparison.Ordinal
        );
        Assert.True(File.Exists(Path.Combine(folder["s"], "training", "events.out.tfevents.dfkd")));
    }

    [Fact]
    public void Images_that_cannot_be_had_are_counted_by_reason_and_left_out()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["broken.png"], "not an image");
        File.WriteAllLines(
            folder["sel.csv"],
            [
                .. File.ReadAllLines(world.Selection)
                    .Take(41)
                    .Select(line => line.Replace("images/", world.Images + "/", StringComparison.Ordinal)),
                "broken.png,ok,1",
                "gone.png,ok,1",
                "broken.png,failed,1",
            ]
        );
        DistillSummary summary = Run(world.Distill(folder["s"]) with { Selection = folder["sel.csv"], Steps = 2 });
        Assert.Equal(40, summary.Images + summary.HeldOutImages);
        Assert.Equal(2, summary.Skipped.Values.Sum());
    }

    [Fact]
    public void An_image_of_weight_0_teaches_nothing()
    {
        using TempFolder folder = new();
        string[] rows =
        [
            .. File.ReadAllLines(world.Selection)
                .Skip(1)
                .Take(32)
                .Select(line => line.Replace("images/", world.Images + "/", StringComparison.Ordinal)),
        ];
        File.WriteAllLines(folder["none.csv"], ["path,status,weight", .. rows.Select(row => row[..^1] + "0")]);
        DistillException error = Assert.Throws<DistillException>(() =>
            Run(world.Distill(folder["s"]) with { Selection = folder["none.csv"] })
        );
        Assert.Contains("weight", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_student_of_the_teachers_shape_started_from_it_is_the_teacher()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using LoadedModel teacher = ModelStore.Load(world.Teacher);
        VisionTransformer network = (VisionTransformer)teacher.Model;
        using VisionTransformer copy = new(network.Config, 9);
        SliceInit.Apply(copy, network);
        torch.Tensor pixels = torch.rand(2, 3, 16, 16);
        using IDisposable off = torch.no_grad();
        Assert.True(torch.allclose(teacher.Model.forward(pixels), copy.forward(pixels), 1e-5, 1e-6));
    }

    [Fact]
    public void A_student_cut_out_of_the_teacher_holds_parts_of_its_weights()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using LoadedModel teacher = ModelStore.Load(world.Teacher);
        VisionTransformer network = (VisionTransformer)teacher.Model;
        using VisionTransformer student = (VisionTransformer)StudentFactory.Fresh(TinyWorld.StudentSpec, 3, 0);
        SliceInit.Apply(student, network);
        float[] theirs = teacher.Model.StateDict()["blocks.2.mlp.fc1.weight"].data<float>().ToArray(),
            ours = student.StateDict()["blocks.1.mlp.fc1.weight"].data<float>().ToArray();
        Assert.Subset(theirs.ToHashSet(), ours.ToHashSet());
        Assert.Throws<DistillException>(() => SliceInit.Apply(network, student));
    }

    public static TheoryData<string> Presets => [.. RecipePresets.All.Keys];

    [Theory]
    [MemberData(nameof(Presets))]
    public void Every_preset_trains(string preset)
    {
        using TempFolder folder = new();
        string tokens = preset == "co-advise" ? ",tokens=cls+conv+inv" : ",distilled=1";
        DistillOptions options = world.Distill(folder["s"]) with
        {
            Student = TinyWorld.StudentSpec + tokens,
            Steps = 2,
            LogEvery = 1,
            HoldOut = 0,
            Loss = Recipe.Parse("preset:" + preset),
        };
        if (preset == "co-advise")
            options = options with
            {
                FurtherTeachers =
                [
                    Fresh(folder["conv"], "resnet:depth=10,img=16,stem=3,width=8"),
                    Fresh(folder["inv"], "rednet:depth=26,img=16,stem=3,width=8"),
                ],
            };
        DistillSummary summary = Run(options);
        Assert.Equal(2, summary.Steps);

        string[] rows = File.ReadAllLines(Path.Combine(folder["s"], "training", "metrics.csv"));
        string[] columns = rows[0].Split(','),
            values = rows[2].Split(',');
        Assert.Equal(["step", "loss", .. options.Loss.Terms.Select(term => term.Label)], columns.Take(2 + options.Loss.Terms.Count));
        double[] figures =
        [
            .. values
                .Skip(1)
                .Take(1 + options.Loss.Terms.Count)
                .Select(value => double.Parse(value, System.Globalization.CultureInfo.InvariantCulture)),
        ];
        Assert.All(figures, figure => Assert.True(figure > 0));
        Assert.Equal(figures[0], figures.Skip(1).Sum(), 1e-4 * figures[0]);
        Assert.Contains($"| loss | {options.Loss} |", File.ReadAllText(Path.Combine(folder["s"], "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_is_explained_without_training()
    {
        using TempFolder folder = new();
        RecipeExplanation explained = RecipeExplanation.Of(
            world.Distill(folder["s"]) with
            {
                Selection = folder["none.csv"],
                Loss = Recipe.Parse("kd+hidden*2+minilm"),
            }
        );
        Assert.Equal(["kd", "hidden", "minilm"], explained.Terms.Select(term => term.Name));
        Assert.Equal([1.0, 2, 1], explained.Terms.Select(term => term.Weight));
        Assert.Equal([new LayerPair(0, 1), new LayerPair(1, 2)], explained.Terms[1].Layers);
        Assert.Equal(2 * 16 * 24, explained.Terms[1].Learned);
        Assert.Equal([1, 2], explained.Teachers.Single().Outputs);
        Assert.Equal([2], explained.Teachers.Single().Qkv);
        Assert.Equal(17 * 24 * (2 + 3), explained.Teachers.Single().Floats);
        Assert.Equal(17 * 16 * (2 + 3), explained.Student.Floats);
        Assert.False(Directory.Exists(folder["s"]));
    }

    [Theory]
    [InlineData("vitkd", 0.5, "every patch")]
    [InlineData("tat:conv=3", 0.5, "every patch")]
    [InlineData("tat:groups=3", 0, "must divide")]
    [InlineData("minilm:heads=5", 0, "must divide both widths")]
    [InlineData("minilm:layer=3", 0, "blocks 0–2")]
    [InlineData("kd:head=dist", 0, "distilled=1")]
    public void A_loss_that_does_not_fit_the_run_is_refused_with_the_cure(string recipe, double dropout, string cure)
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with { Loss = Recipe.Parse(recipe), PatchDropout = dropout };
        Assert.Contains(cure, Assert.Throws<DistillException>(() => Run(options)).Message, StringComparison.Ordinal);
        Assert.Contains(cure, Assert.Throws<DistillException>(() => RecipeExplanation.Of(options)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["s"]));
    }

    [Fact]
    public void A_student_that_cannot_learn_from_this_teacher_is_refused()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]);
        Assert.Contains(
            "img=16",
            Assert.Throws<DistillException>(() => Run(options with { Student = "vit:img=32,patch=4,dim=16,depth=2,heads=2" })).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<DistillException>(() => Run(options with { Loss = Recipe.Parse("kd+hard") }));
        Assert.Contains(
            "every patch",
            Assert.Throws<DistillException>(() => Run(options with { Loss = Recipe.Parse("vitkd"), PatchDropoutTo = 0.5 })).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ModelException>(() => Run(options with { Device = "tpu" }));
        Assert.False(Directory.Exists(folder["s"]));
    }

    [Fact]
    public void Supervised_training_resumes_bit_equal_too()
    {
        using TempFolder folder = new();
        TrainOptions options = world.Train(folder["whole"]) with { Mixup = 0.8, CutMix = 1, Ema = 0.9, CheckpointEvery = 4 };
        TrainSummary summary = Run(options);
        Assert.Equal(["left", "middle", "right"], summary.ClassNames);
        TrainOptions broken = options with { Output = folder["broken"], Resume = true };
        Assert.Throws<InvalidDataException>(() => Run(broken, new OnStep("train", 10, () => throw new InvalidDataException("killed"))));
        Assert.Equal(8, Run(broken).ResumedFrom);
        AssertSameBytes(folder["whole"], folder["broken"]);
    }

    private string Fresh(string path, string spec)
    {
        Run(world.Train(path) with { Model = spec, Steps = 1 });
        return path;
    }

    private static DistillSummary Run(DistillOptions options, OnStep? progress = null) =>
        DistillRun.Execute(options, progress, TestContext.Current.CancellationToken);

    private static TrainSummary Run(TrainOptions options, OnStep? progress = null) =>
        TrainRun.Execute(options, progress, TestContext.Current.CancellationToken);

    [Fact]
    public void Images_in_memory_are_evaluated_as_their_files()
    {
        string[] classes =
        [
            .. Directory.EnumerateDirectories(world.Images).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal),
        ];
        LabelledImage[] images =
        [
            .. Directory
                .EnumerateFiles(world.Images, "*", SearchOption.AllDirectories)
                .Select(file => new LabelledImage(
                    new MemoryImage(file, File.ReadAllBytes(file)),
                    Array.IndexOf(classes, Path.GetFileName(Path.GetDirectoryName(file)))
                )),
        ];
        EvaluationReport files = Run(
            new EvaluateOptions
            {
                Model = world.Teacher,
                Labelled = world.Images,
                Against = world.Teacher,
            }
        );
        using LoadedModel teacher = ModelStore.Load(world.Teacher);

        EvaluationReport memory = EvaluateRun.Evaluate(teacher, images, teacher, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(
            (files.Top1, files.Images, files.MeanConfidence, files.Against!.Agreement),
            (memory.Top1, memory.Images, memory.MeanConfidence, memory.Against!.Agreement),
            Comparer
        );
        Assert.Equal(files.Classes.Select(row => row.Name), memory.Classes.Select(row => row.Name));
        Assert.Contains(
            "has the label 3",
            Assert
                .Throws<DistillException>(() =>
                    EvaluateRun.Evaluate(teacher, [images[0] with { Label = 3 }], cancel: TestContext.Current.CancellationToken)
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    // Batches of another order add up in another order.
    private static readonly Func<
        (double Top1, long Images, double Confidence, double Agreement),
        (double Top1, long Images, double Confidence, double Agreement),
        bool
    > Comparer = (a, b) =>
        a.Top1 == b.Top1 && a.Images == b.Images && Math.Abs(a.Confidence - b.Confidence) < 1e-6 && a.Agreement == b.Agreement;

    private static EvaluationReport Run(EvaluateOptions options) =>
        EvaluateRun.Execute(options, cancel: TestContext.Current.CancellationToken);

    private DistillOptions Variant(string name, string output) =>
        name switch
        {
            "everything" => world.Distill(output) with
            {
                Student = TinyWorld.StudentSpec + ",distilled=1",
                Loss = Recipe.Parse("kd:head=cls+probe*0.8+hidden*0.1+hard*0.5+noise:balance=1*0.3"),
                PatchDropout = 0.25,
                Mixup = 0.5,
                CutMix = 0.5,
                Ema = 0.95,
            },
            // Learned maps, statistics of the batch, and draws that hang on the step.
            "relations" => world.Distill(output) with
            {
                Loss = Recipe.Parse("dkd:warmup=0.5+tat:conv=3*0.1+vitkd+minilm+manifold:k=20+rkd+attention:rows=all"),
            },
            "dropout" => world.Distill(output) with
            {
                PatchDropout = 0.5,
                Loss = Recipe.Parse("preset:attention-probe-official"),
                Ema = 0,
                Init = StudentInit.Teacher,
            },
            "schedule" => world.Distill(output) with { PatchDropout = 0.75, PatchDropoutTo = 0, PatchDropoutUntil = 1 },
            _ => world.Distill(output),
        };

    private static void AssertSameBytes(string whole, string broken)
    {
        foreach (string name in (string[])["model.safetensors", "training/checkpoint.safetensors", "training/metrics.csv"])
            Assert.True(
                File.ReadAllBytes(Path.Combine(whole, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(broken, name))),
                name + " differs"
            );
    }
}
