// What takes less memory makes the same step: batches in parts, blocks that are computed again.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class LessMemoryTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const int Images = 12;

    // Losses that are means over images; those that look across the batch are below.
    [Theory]
    [InlineData("kd:T=4", 4)]
    [InlineData("kd:standardise=1+hard:head=mean", 3)]
    [InlineData("dkd:warmup=0.5", 2)]
    [InlineData("noise:accuracy=0.8", 4)]
    [InlineData("hidden+attention:rows=all", 4)]
    [InlineData("probe:variant=official+minilm", 6)]
    [InlineData("vitkd", 4)]
    [InlineData("kd+hidden", 5)]
    public void Gradients_of_the_parts_add_up_to_that_of_the_batch(string recipe, int parts)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (double Loss, double Error) = Compare(recipe, parts);
        // Untrained networks hardly differ, so that a divergence is a small difference of large numbers.
        Assert.InRange(Loss, 0, 2e-4);
        Assert.InRange(Error, 0, 2e-4);
    }

    [Theory]
    [InlineData("rkd")]
    [InlineData("dist")]
    [InlineData("manifold")]
    [InlineData("tat")]
    public void Losses_that_look_across_the_batch_see_the_images_of_a_part(string recipe)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.True(Compare(recipe, 4).Loss > 1e-3);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0.5, 0, 0.5)]
    [InlineData(0, 0.5, 0)]
    public void A_training_in_parts_ends_where_that_of_whole_batches_does(double mixup, double cutMix, double dropout)
    {
        using TempFolder folder = new();
        TrainOptions whole = world.Train(folder["whole"]) with
        {
            Steps = 6,
            LogEvery = 2,
            Mixup = mixup,
            CutMix = cutMix,
            PatchDropout = dropout,
            LabelSmoothing = 0.1,
        };
        TrainRun.Execute(whole, cancel: TestContext.Current.CancellationToken);
        TrainRun.Execute(whole with { Output = folder["parts"], Accumulate = 4 }, cancel: TestContext.Current.CancellationToken);
        AssertClose(folder["whole"], folder["parts"]);
        TrainRun.Execute(whole with { Output = folder["micro"], Microbatches = 4 }, cancel: TestContext.Current.CancellationToken);
        AssertClose(folder["whole"], folder["micro"]);
    }

    [Fact]
    public void A_distillation_in_parts_ends_where_that_of_whole_batches_does_and_resumes_bit_equal()
    {
        using TempFolder folder = new();
        DistillOptions whole = world.Distill(folder["whole"]) with
        {
            Steps = 8,
            LogEvery = 2,
            CheckpointEvery = 3,
            Mixup = 0.5,
            PatchDropout = 0.25,
            Loss = Recipe.Parse("kd+hidden*0.1"),
        };
        DistillOptions parts = whole with { Output = folder["parts"], Accumulate = 3 };
        Run(whole);
        Run(parts);
        AssertClose(folder["whole"], folder["parts"]);

        DistillOptions broken = parts with { Output = folder["broken"], Resume = true };
        Assert.Throws<InvalidDataException>(() =>
            DistillRun.Execute(
                broken,
                new OnStep("train", 4, () => throw new InvalidDataException("killed")),
                TestContext.Current.CancellationToken
            )
        );
        Run(broken);
        Assert.Equal(File.ReadAllBytes(folder["parts/model.safetensors"]), File.ReadAllBytes(folder["broken/model.safetensors"]));
    }

    [Fact]
    public void A_distillation_with_blocks_computed_again_ends_where_that_of_one_graph_does_and_resumes_bit_equal()
    {
        using TempFolder folder = new();
        DistillOptions plain = world.Distill(folder["whole"]) with
        {
            Steps = 8,
            LogEvery = 2,
            CheckpointEvery = 3,
            PatchDropout = 0.25,
            Loss = Recipe.Parse("kd+hidden*0.1+minilm+probe"),
        };
        DistillOptions again = plain with { Output = folder["parts"], CheckpointActivations = true, Accumulate = 2 };
        Run(plain);
        Run(again);
        AssertClose(folder["whole"], folder["parts"]);
        DistillOptions broken = again with { Output = folder["broken"], Resume = true };
        Assert.Throws<InvalidDataException>(() =>
            DistillRun.Execute(
                broken,
                new OnStep("train", 4, () => throw new InvalidDataException("killed")),
                TestContext.Current.CancellationToken
            )
        );
        Run(broken);
        Assert.Equal(File.ReadAllBytes(folder["parts/model.safetensors"]), File.ReadAllBytes(folder["broken/model.safetensors"]));
    }

    [Fact]
    public void Blocks_of_a_convolutional_student_are_not_computed_again()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with
        {
            Student = "resnet:depth=10,img=16,stem=3,width=8",
            CheckpointActivations = true,
        };
        Assert.Contains("no transformer blocks", Assert.Throws<DistillException>(() => Run(options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "must be 1 or more")]
    [InlineData(9, "too few images")]
    public void Parts_of_less_than_two_images_are_refused(int parts, string reason)
    {
        DistillOptions options = world.Distill("s") with { Accumulate = parts };
        Assert.Contains(reason, Assert.Throws<DistillException>(options.Validate).Message, StringComparison.Ordinal);
    }

    private static void Run(DistillOptions options) => DistillRun.Execute(options, cancel: TestContext.Current.CancellationToken);

    private static void AssertClose(string whole, string parts)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using LoadedModel a = ModelStore.Load(whole),
            b = ModelStore.Load(parts);
        IReadOnlyDictionary<string, torch.Tensor> theirs = b.Model.StateDict();
        // AdamW divides by the gradient's own size, so rounding shows most where a gradient is next to nothing.
        Assert.All(a.Model.StateDict(), pair => Assert.True(torch.allclose(pair.Value, theirs[pair.Key], 1e-3, 2e-4), pair.Key));
        string[] first = File.ReadAllLines(Path.Combine(whole, "training", "metrics.csv")),
            second = File.ReadAllLines(Path.Combine(parts, "training", "metrics.csv"));
        foreach ((string one, string other) in first.Zip(second).Skip(1))
            Assert.Equal(Loss(one), Loss(other), 1e-4);

        static double Loss(string row) => double.Parse(row.Split(',')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    // Largest differences of losses and of gradients, the latter as a share of the largest gradient.
    private static (double Loss, double Error) Compare(string recipe, int parts)
    {
        using VisionTransformer teacher = Network(TinyWorld.Spec, 1),
            student = Network(TinyWorld.StudentSpec, 2);
        IReadOnlyList<LossTerm> losses = LossCatalogue.Build(
            Recipe.Parse(recipe),
            new LossContext(new ModelPair(teacher.Config, student.Config), 7, torch.CPU)
        );
        torch.Tensor weights = torch.linspace(0.5, 1.5, Images);
        DistillObjective objective = new(student, new Fixed(teacher), losses, weights, predictor: null!);
        torch.Tensor[] leaves =
        [
            .. student.parameters().Select(parameter => parameter.requires_grad_(true)),
            .. losses.SelectMany(loss => loss.Parameters).Select(parameter => parameter.Value),
        ];
        torch.Tensor pixels = torch.randn([Images, 3, 16, 16], generator: new torch.Generator(3));
        Batch batch = new(pixels, [.. Enumerable.Range(0, Images)], 0) { Start = 0, Seeds = new ulong[Images] };
        StepResult whole = Of(1),
            split = Of(parts);
        double largest = whole.Gradients.Max(gradient => Largest(gradient));
        return (
            Math.Abs(whole.Loss.Total.item<float>() - split.Loss.Total.item<float>()) / Math.Abs(whole.Loss.Total.item<float>()),
            whole.Gradients.Zip(split.Gradients, (a, b) => Largest(a - b)).Max() / largest
        );

        StepResult Of(int count) =>
            new StepGradients(objective, student, leaves, count, clock: null).Of(
                batch,
                new Mixed(pixels, 1),
                null,
                new StepPosition(2, 10)
            );

        static double Largest(torch.Tensor tensor) => tensor.abs().max().item<float>();
    }

    private static VisionTransformer Network(string spec, long seed) => (VisionTransformer)StudentFactory.Fresh(spec, 3, seed);

    /// <summary>A teacher without a file.</summary>
    private sealed class Fixed(VisionTransformer network) : TeacherSource
    {
        public override string Name => "fixed";

        public override int Classes => network.Config.Classes;

        public override int ImageSize => network.Config.ImageSize;

        public override long Parameters => 0;

        public override Preprocessing Preprocessing => new();

        public override IReadOnlyList<string> ClassNames => [];

        public override IReadOnlyList<string> WeightsPaths => [];

        public override IReadOnlyList<ImageModel> Models => [network];

        public override IReadOnlyList<LossTerm> Losses(DistillOptions options, ModelConfig student, torch.Device device) => [];

        public override void Check(TrainingImages images) { }

        public override void MoveTo(torch.Device device, int batch) { }

        public override IReadOnlyList<ModelOutput> Outputs(Batch batch, Mixed mixed, IReadOnlyList<ModelCapture> captures)
        {
            using IDisposable off = torch.no_grad();
            return [network.Run(mixed.Pixels, captures[0])];
        }

        public override int[] Decisions(SlotPredictor predictor, int[] slots) => [];

        public override void Dispose() { }
    }
}
