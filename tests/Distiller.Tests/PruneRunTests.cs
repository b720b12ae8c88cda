// Pruning from end to end on a small world: what comes out, what is refused, what a resumed run gives.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Pruning;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class PruneRunTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const string Shape = "vit:img=16,patch=4,dim=16,depth=3,heads=2";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private PruneOptions Options(string output) =>
        new()
        {
            Teacher = world.Teacher,
            Selection = world.Selection,
            Output = output,
            Student = Shape,
            BatchSize = 32,
            HoldOut = 0.2,
            Workers = 2,
        };

    [Fact]
    public void A_pruned_student_decides_as_its_teacher_without_training()
    {
        using TempFolder folder = new();
        PruneSummary summary = PruneRun.Execute(Options(folder["s"]), cancel: Cancel);
        Assert.InRange(summary.HeldOut!.Value, 0.9, 1);
        Assert.Equal([0, 1, 2], summary.Blocks);
        Assert.Equal(24, summary.HeldOutImages);
        using LoadedModel loaded = ModelStore.Load(folder["s"]);
        Assert.Equal(summary.Parameters, loaded.Model.ParameterCount());
        Assert.Equal(summary.Parameters, ShapeCost.Parameters((VitConfig)loaded.Model.Config));
        Assert.Equal("prune", Manifests.Provenance.ReadBeside(folder["s/provenance"])!.Command);
    }

    [Theory]
    [InlineData(Shape)]
    [InlineData(null)]
    public void A_student_pruned_in_memory_is_the_one_pruned_from_files(string? shape)
    {
        using TempFolder folder = new();
        PruneOptions options = Options(folder["files"]) with
        {
            Student = shape,
            Size = shape is null ? new ShapeBudget(BudgetUnit.Parameters, 0.6) : null,
        };
        PruneSummary files = PruneRun.Execute(options, cancel: Cancel);
        MemoryImage[] images =
        [
            .. SelectionImages.PathsOf(world.Selection, Cancel).Select(path => new MemoryImage(path, File.ReadAllBytes(path))),
        ];

        using LoadedModel teacher = ModelStore.Load(world.Teacher);
        using PrunedStudent memory = PruneRun.Prune(
            teacher,
            images,
            new PruneSettings
            {
                Student = options.Student,
                Size = options.Size,
                BatchSize = options.BatchSize,
                HoldOut = options.HoldOut,
                Workers = 2,
            },
            cancel: Cancel
        );
        memory.Save(folder["memory"]);

        Assert.Equal(File.ReadAllBytes(folder["files/model.safetensors"]), File.ReadAllBytes(folder["memory/model.safetensors"]));
        Assert.Equal(
            (files.HeldOut, files.Retained, files.Images, files.HeldOutImages, files.Frontier.Count),
            (memory.Agreement, memory.Retained, memory.Images, memory.HeldOutImages, memory.Frontier.Count)
        );
    }

    [Fact]
    public void An_image_in_memory_that_cannot_be_decoded_is_counted_and_nothing_but_such_is_refused()
    {
        using LoadedModel teacher = ModelStore.Load(world.Teacher);
        MemoryImage[] broken = [.. Enumerable.Range(0, 3).Select(i => new MemoryImage($"{i}", "no image"u8.ToArray()))],
            good = [.. Enumerable.Range(0, 8).Select(i => new MemoryImage($"{i}", TinyWorld.Draw(i % 3, i)))];
        PruneSettings settings = new() { Student = Shape, HoldOut = 0 };
        Assert.Contains(
            "0 of 3 images could be used",
            Assert.Throws<DistillException>(() => PruneRun.Prune(teacher, broken, settings, cancel: Cancel)).Message,
            StringComparison.Ordinal
        );
        using PrunedStudent student = PruneRun.Prune(teacher, [.. broken, .. good], settings, cancel: Cancel);
        Assert.Equal((8, 3L, (double?)null), (student.Images, student.Skipped.Values.Single(), student.Agreement));
    }

    [Theory]
    [InlineData(PruneMethod.Refined)]
    [InlineData(PruneMethod.Plain)]
    public void The_teacher_s_own_shape_gives_the_teacher_back(PruneMethod method)
    {
        using TempFolder folder = new();
        PruneRun.Execute(
            Options(folder["s"]) with
            {
                Student = TinyWorld.Spec,
                Method = method,
                Penalty = 1e-9,
                HoldOut = 0,
            },
            cancel: Cancel
        );
        Assert.InRange(LargestDifference(world.Teacher, folder["s"]), 0, 0.02);
    }

    [Fact]
    public void Blocks_that_are_left_out_are_those_that_change_least_or_those_named()
    {
        using TempFolder folder = new();
        PruneOptions two = Options(folder["a"]) with { Student = "vit:img=16,patch=4,dim=16,depth=2,heads=2" };
        Assert.Equal(2, PruneRun.Execute(two, cancel: Cancel).Blocks.Count);
        Assert.Equal([0, 2], PruneRun.Execute(two with { Output = folder["b"], Blocks = [0, 2] }, cancel: Cancel).Blocks);
        Assert.Equal([1, 2], BlockChoice.Of([0.1, 0.5, 0.2], 2));
    }

    [Fact]
    public void A_run_that_was_stopped_goes_on_to_the_same_bytes()
    {
        using TempFolder folder = new();
        PruneRun.Execute(Options(folder["whole"]), cancel: Cancel);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Assert.Throws<OperationCanceledException>(() =>
            PruneRun.Execute(Options(folder["parts"]), new OnStep("prune", 26, stop.Cancel), stop.Token)
        );
        PruneSummary resumed = PruneRun.Execute(Options(folder["parts"]) with { Resume = true }, cancel: Cancel);
        Assert.InRange(resumed.ResumedFrom, 1, 2);
        Assert.Equal(File.ReadAllBytes(folder["whole/model.safetensors"]), File.ReadAllBytes(folder["parts/model.safetensors"]));
        Assert.False(File.Exists(folder["parts/pruning/state.safetensors"]), "a finished run leaves no state");
    }

    [Fact]
    public void Activations_in_a_file_give_the_bytes_of_those_in_memory()
    {
        using TempFolder folder = new();
        PruneRun.Execute(Options(folder["memory"]), cancel: Cancel);
        PruneRun.Execute(Options(folder["file"]) with { MaxActivationMemory = 20_000 }, cancel: Cancel);
        Assert.Equal(File.ReadAllBytes(folder["memory/model.safetensors"]), File.ReadAllBytes(folder["file/model.safetensors"]));
    }

    [Fact]
    public void A_budget_is_kept_and_the_shapes_tried_are_told()
    {
        using TempFolder folder = new();
        PruneSummary summary = PruneRun.Execute(
            Options(folder["s"]) with
            {
                Student = null,
                Size = new ShapeBudget(BudgetUnit.Parameters, 0.5),
                TrialImages = 60,
            },
            cancel: Cancel
        );
        Assert.InRange(summary.Parameters, 1, summary.TeacherParameters / 2);
        Assert.Single(summary.Frontier, point => point.Chosen);
        Assert.All(summary.Frontier, point => Assert.InRange(point.Parameters, 1, summary.TeacherParameters / 2));
        Assert.True(summary.Frontier.Count > 1);
        Assert.Equal(summary.Frontier.Count + 1, File.ReadAllLines(folder["s/pruning/frontier.csv"]).Length);
    }

    [Fact]
    public void Without_shape_or_budget_the_knee_of_the_frontier_is_taken()
    {
        using TempFolder folder = new();
        PruneSummary summary = PruneRun.Execute(Options(folder["s"]) with { Student = null, TrialImages = 60 }, cancel: Cancel);
        Assert.Single(summary.Frontier, point => point.Chosen);
        Assert.Equal(
            summary.Frontier.OrderByDescending(point => point.Parameters).Select(point => point.Parameters),
            summary.Frontier.Select(point => point.Parameters)
        );
    }

    [Fact]
    public void A_pool_gives_half_of_the_images_that_prune_fits_and_all_stages_measure_on()
    {
        using TempFolder folder = new();
        string[] rows = File.ReadAllLines(world.Selection);
        string selection = Path.Combine(Path.GetDirectoryName(world.Selection)!, "half.csv");
        File.WriteAllLines(selection, rows.Take(61));
        PruneOptions options = Options(folder["pruned"]) with { Selection = selection, PoolPath = world.Selection };
        PruneSummary pruned = PruneRun.Execute(options, cancel: Cancel);
        // Of 60 selected images 12 are held out; of the 60 others 12 are, and 48 are fitted on.
        Assert.Equal((96, 24), (pruned.Images, pruned.HeldOutImages));
        IReadOnlyList<string> measured = SelectionImages.Read(folder["pruned/pruning/held-out.csv"], Cancel).Paths,
            selected = SelectionImages.Read(selection, Cancel).Paths;
        Assert.Equal(12, measured.Intersect(selected).Count());
        Assert.Equal(24, measured.Distinct().Count());
        Assert.Equal(
            (40, 24),
            (
                PruneRun.Execute(options with { Images = 40, HeldOut = 24, Output = folder["fewer"] }, cancel: Cancel) is var fewer
                    ? fewer.Images
                    : 0,
                fewer.HeldOutImages
            )
        );

        DistillOptions training = world.Distill(folder["student"]) with
        {
            Selection = selection,
            Student = folder["pruned"],
            ValidationPath = folder["pruned"],
            Steps = 3,
        };
        DistillSummary trained = DistillRun.Execute(training, cancel: Cancel);
        Assert.Equal((48, 24), (trained.Images, trained.HeldOutImages));
        Assert.Equal(measured, Evaluation.HeldOutSlice.Of(folder["student"], 2, null, Cancel).Paths);
        Assert.Equal(measured, Evaluation.HeldOutSlice.Of(folder["pruned"], 2, null, Cancel).Paths);
    }

    [Fact]
    public void Validation_images_are_never_trained_on_and_no_share_is_held_out_beside_them()
    {
        ImageList images = ImageList.With(["a", "b", "c"], ["b", "d"]);
        (int[] train, int[] measured) = images.Split([0, 1, 2, 3, 4], 0.9, 0);
        Assert.Equal([0, 2], train);
        Assert.Equal([3, 4], measured);
        (train, measured) = images.Split([0, 1, 3], 0.9, 0);
        Assert.Equal([0], train);
        Assert.Equal([3], measured);
        using TempFolder folder = new();
        DistillException none = Assert.Throws<DistillException>(() =>
            DistillRun.Execute(world.Distill(folder["s"]) with { ValidationPath = world.Selection }, cancel: Cancel)
        );
        Assert.Contains("there is none to train on", none.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vit:img=16,patch=4,dim=32,depth=2,heads=2", "its width 32")]
    [InlineData("vit:img=16,patch=4,dim=24,depth=4,heads=2", "it has 4 blocks")]
    [InlineData("vit:img=16,patch=4,dim=24,depth=2,heads=3", "it has 3 heads")]
    [InlineData("vit:img=16,patch=4,dim=24,depth=2,heads=1", "its heads have 24 dimensions")]
    [InlineData("vit:img=16,patch=2,dim=24,depth=2,heads=2", "its patches are 2 pixels")]
    [InlineData("vit:img=16,patch=4,dim=24,depth=2,heads=2,distilled", "it has a distillation token")]
    [InlineData("vit:img=16,patch=4,dim=24,depth=2,heads=2,registers=2", "it has 2 registers")]
    [InlineData("resnet:depth=18,img=16", "is no Vision Transformer")]
    public void A_shape_that_is_no_part_of_the_teacher_is_refused_by_name(string shape, string reason)
    {
        using TempFolder folder = new();
        DistillException refused = Assert.Throws<DistillException>(() =>
            PruneRun.Execute(Options(folder["s"]) with { Student = shape }, cancel: Cancel)
        );
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["s"]), "nothing is written before the shape is checked");
    }

    [Theory]
    [InlineData("distilled")]
    [InlineData("registers=2")]
    [InlineData("layerscale")]
    [InlineData("noembedclass")]
    public void Every_kind_of_teacher_gives_itself_back(string part)
    {
        using TempFolder folder = new();
        string spec = $"{TinyWorld.Spec},{part}";
        TrainRun.Execute(world.Train(folder["teacher"]) with { Model = spec, Steps = 20 }, cancel: Cancel);
        PruneRun.Execute(
            Options(folder["s"]) with
            {
                Teacher = folder["teacher"],
                Student = spec,
                Penalty = 1e-9,
                HoldOut = 0,
            },
            cancel: Cancel
        );
        Assert.InRange(LargestDifference(folder["teacher"], folder["s"]), 0, 0.02);
    }

    [Fact]
    public void A_teacher_with_a_norm_before_its_blocks_and_a_gated_MLP_gives_itself_back_nearly()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        VitConfig shape = (VitConfig)ModelRegistry.Resolve(TinyWorld.Spec) with
        {
            Classes = 3,
            SwiGlu = true,
            PreNorm = true,
            LayerScale = true,
        };
        using VisionTransformer teacher = new(shape, 3);
        teacher.eval();
        foreach ((string name, torch.Tensor tensor) in teacher.StateDict())
        {
            using IDisposable off = torch.no_grad();
            if (name.EndsWith("gamma", StringComparison.Ordinal))
                tensor.fill_(0.5);
            else if (!name.Contains("norm", StringComparison.Ordinal))
                tensor.mul_(5);
        }
        using PixelStore store = new(60, 16, 1 << 20);
        byte[] pixels = new byte[store.ImageBytes];
        Random random = new(1);
        for (int slot = 0; slot < 60; slot++)
        {
            random.NextBytes(pixels);
            store.Write(slot, pixels);
        }
        SlotPixels images = new(store, 16, new PixelNormaliser([0.5f, 0.5f, 0.5f], [0.3f, 0.3f, 0.3f]), torch.CPU);
        int[] slots = [.. Enumerable.Range(0, 60)];
        using ClosedFormPruning pruning = new(teacher, images, slots, new FitSettings { BatchSize = 20, Penalty = 1e-8 }, torch.CPU);
        using VisionTransformer student = pruning.Fit(shape, [0, 1, 2], cancel: Cancel);
        using IDisposable inference = torch.inference_mode();
        torch.Tensor wanted = teacher.Run(images.Of(slots), ModelCapture.None).Logits!,
            given = student.Run(images.Of(slots), ModelCapture.None).Logits!;
        double error = (wanted - given).square().sum().item<float>(),
            spread = (wanted - wanted.mean([0])).square().sum().item<float>();
        Assert.InRange(error / spread, 0, 0.05);
    }

    [Fact]
    public void A_distillation_begins_with_the_pruned_student_and_keeps_it_where_training_brings_nothing()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with
        {
            Init = StudentInit.Auto,
            Loss = null,
            Student = Shape,
            HoldOut = 0.2,
            LearningRate = 0.5,
            Steps = 10,
        };
        DistillSummary summary = DistillRun.Execute(options, cancel: Cancel);
        Assert.Equal("pruned from the teacher in closed form", summary.Start);
        Assert.Equal(0, summary.KeptStep);
        Assert.InRange(summary.HeldOut!.Value, 0.9, 1);
    }

    [Fact]
    public void Training_stops_early_where_the_held_out_score_no_longer_rises_and_resumes_to_the_same_bytes()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["whole"]) with
        {
            Init = StudentInit.Auto,
            Loss = null,
            Student = Shape,
            HoldOut = 0.2,
            Steps = 200,
            Patience = 2,
            EvaluateEvery = 5,
            MinimumGain = 0.5,
        };
        DistillSummary whole = DistillRun.Execute(options, cancel: Cancel);
        Assert.True(whole.StoppedEarly);
        Assert.Equal(10, whole.Steps);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Assert.Throws<OperationCanceledException>(() =>
            DistillRun.Execute(options with { Output = folder["parts"] }, new OnStep("train", 5, stop.Cancel), stop.Token)
        );
        DistillSummary resumed = DistillRun.Execute(options with { Output = folder["parts"], Resume = true }, cancel: Cancel);
        Assert.Equal(10, resumed.Steps);
        Assert.Equal(File.ReadAllBytes(folder["whole/model.safetensors"]), File.ReadAllBytes(folder["parts/model.safetensors"]));
    }

    [Fact]
    public void What_a_student_begins_as_decides_its_rate_its_losses_and_whether_the_start_is_kept()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with
        {
            Init = StudentInit.Auto,
            Loss = null,
            LearningRate = null,
            Steps = 2,
            HoldOut = 0.2,
        };
        DistillRun.Execute(options with { Student = Shape }, cancel: Cancel);
        Dictionary<string, string> pruned = Recorded(folder["s"]);
        Assert.Equal(("0.0004", "True"), (pruned["learning-rate"], pruned["keep-best"]));
        Assert.StartsWith("kd:", pruned["loss"], StringComparison.Ordinal);
        Assert.Contains("minilm", pruned["loss"], StringComparison.Ordinal);

        DistillSummary large = DistillRun.Execute(
            options with
            {
                Student = "vit:img=16,patch=4,dim=32,depth=2,heads=2",
                Output = folder["large"],
            },
            cancel: Cancel
        );
        Assert.StartsWith("random weights, since its shape", large.Start, StringComparison.Ordinal);
        Assert.Equal("0.001", Recorded(folder["large"])["learning-rate"]);
        DistillSummary other = DistillRun.Execute(
            options with
            {
                Student = "resnet:depth=10,img=16,stem=3,width=8",
                Output = folder["resnet"],
            },
            cancel: Cancel
        );
        Assert.StartsWith("random weights, since only", other.Start, StringComparison.Ordinal);
        Assert.DoesNotContain("minilm", Recorded(folder["resnet"])["loss"], StringComparison.Ordinal);
        DistillSummary further = DistillRun.Execute(options with { Student = folder["s"], Output = folder["further"] }, cancel: Cancel);
        Assert.Equal("the model s", further.Start);

        static Dictionary<string, string> Recorded(string model) =>
            new(Manifests.Provenance.ReadBeside(Path.Combine(model, "provenance"))!.Options);
    }

    [Theory]
    [InlineData(0.3, 1)]
    [InlineData(9.99, 8)]
    [InlineData(10, 10)]
    [InlineData(119, 100)]
    [InlineData(121, 120)]
    [InlineData(3999, 3000)]
    public void Steps_that_fill_a_time_are_rounded_down_to_few_numbers(double steps, int rounded) =>
        Assert.Equal(rounded, StepBudget.Rounded(steps));

    [Fact]
    public void An_estimate_finds_what_a_pruning_held_out()
    {
        using TempFolder folder = new();
        PruneRun.Execute(Options(folder["s"]) with { HoldOut = 0.4 }, cancel: Cancel);
        EstimateReport report = EstimateRun.Execute(
            new EstimateOptions
            {
                Student = folder["s"],
                Teacher = world.Teacher,
                Workers = 2,
            },
            cancel: Cancel
        );
        Assert.True(report.HeldOut);
        Assert.Equal(48, report.Images);
    }

    [Fact]
    public void The_knee_is_the_shape_furthest_above_the_chord()
    {
        VitConfig shape = new();
        (VitConfig, double, double)[] points =
        [
            (shape with { Depth = 1 }, 10, 0.5),
            (shape with { Depth = 2 }, 100, 0.9),
            (shape with { Depth = 3 }, 1000, 0.95),
            (shape with { Depth = 4 }, 10_000, 1),
        ];
        Assert.Equal(2, ShapeSearch.KneeOf(points).Depth);
    }

    // Of the logits on the world's images.
    private double LargestDifference(string one, string other)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable inference = torch.inference_mode();
        using LoadedModel a = ModelStore.Load(one),
            b = ModelStore.Load(other);
        using PixelStore store = new(30, 16, 1 << 20);
        byte[] pixels = new byte[store.ImageBytes];
        for (int slot = 0; slot < 30; slot++)
        {
            Imaging.ImageDecoder.Decode(TinyWorld.Draw(slot % 3, slot)).Image!.Pixels.CopyTo(pixels, 0);
            store.Write(slot, pixels);
        }
        SlotPixels images = new(store, 16, new PixelNormaliser(a.Preprocessing.Mean, a.Preprocessing.Std), torch.CPU);
        torch.Tensor input = images.Of([.. Enumerable.Range(0, 30)]);
        return (a.Model.Run(input, ModelCapture.None).Logits! - b.Model.Run(input, ModelCapture.None).Logits!).abs().max().item<float>();
    }
}
