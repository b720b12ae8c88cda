// Training in bfloat16, and the scale of float16 on made-up gradients.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class MixedPrecisionTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Fact]
    public void A_scale_halves_for_gradients_that_are_no_numbers_and_doubles_after_many_that_are()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] good = [torch.ones(3), torch.ones(2, 2)],
            infinite = [torch.ones(3), torch.tensor(new[] { 1, float.PositiveInfinity })],
            none = [torch.tensor(new[] { float.NaN }), torch.ones(2)];
        LossScale scale = new();
        double start = scale.Value;
        Assert.False(scale.Accepts(infinite, 0));
        Assert.False(scale.Accepts(none, 1));
        Assert.Equal(start / 4, scale.Value);
        for (int step = 0; step < 199; step++)
            Assert.True(scale.Accepts(good, step));
        Assert.Equal(start / 4, scale.Value);

        // Saved and taken up in the middle of the interval.
        LossScale resumed = new();
        resumed.Load(new Dictionary<string, torch.Tensor>([scale.State]));
        Assert.True(resumed.Accepts(good, 199));
        Assert.Equal(start / 2, resumed.Value);

        Assert.False(resumed.Accepts(infinite, 200));
        for (int step = 0; step < 199; step++)
            resumed.Accepts(good, step);
        Assert.Equal(start / 4, resumed.Value);
    }

    [Fact]
    public void Gradients_that_are_no_numbers_at_the_smallest_scale_end_the_run()
    {
        using torch.Tensor infinite = torch.tensor(new[] { float.NegativeInfinity });
        LossScale scale = new();
        while (scale.Value > 1)
            Assert.False(scale.Accepts([infinite], 0));
        Assert.Contains(
            "at step 8;",
            Assert.Throws<DistillException>(() => scale.Accepts([infinite], 7)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_scale_reads_the_device_once_a_step()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] gradients = [.. Enumerable.Range(1, 40).Select(size => torch.ones(size))];
        long before = HostReads.Count;
        new LossScale().Accepts(gradients, 0);
        Assert.Equal(1, HostReads.Count - before);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, true)]
    public void A_scaled_loss_gives_the_gradients_of_the_loss(int parts, bool again)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using VisionTransformer model = Network();
        if (again)
            model.Recomputation = new Recomputation();
        StepResult plain = Step(model, parts, 1),
            scaled = Step(model, parts, 65536);
        Assert.All(plain.Gradients.Zip(scaled.Gradients), pair => Assert.True(torch.allclose(pair.First, pair.Second, 1e-4, 1e-7)));
        Assert.Equal(plain.Loss.Total.item<float>(), scaled.Loss.Total.item<float>());
    }

    [Theory]
    [InlineData(TinyWorld.StudentSpec)]
    [InlineData(TinyWorld.StudentSpec + ",distilled=1")]
    public void Gradients_in_bfloat16_are_close_to_those_in_single_precision_and_of_its_type(string spec)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using VisionTransformer model = Network(spec);
        StepResult whole = Step(model, 1, 1);
        model.LearnIn(torch.ScalarType.BFloat16);
        StepResult half = Step(model, 1, 1);
        model.Recomputation = new Recomputation();
        StepResult again = Step(model, 1, 1);

        Assert.All(half.Gradients, gradient => Assert.Equal(torch.ScalarType.Float32, gradient.dtype));
        Assert.NotEqual(whole.Loss.Total.item<float>(), half.Loss.Total.item<float>());
        Assert.InRange(Cosine(whole, half), 0.99, 1.0001);
        // Recomputed blocks round as those that they stand for.
        Assert.Equal(half.Loss.Total.item<float>(), again.Loss.Total.item<float>(), 1e-6);
        Assert.InRange(Cosine(half, again), 0.99999, 1.0001);
    }

    [Fact]
    public void A_model_that_is_looked_at_computes_in_single_precision()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        using VisionTransformer model = Network();
        torch.Tensor pixels = Pixels();
        model.eval();
        float[] plain = model.forward(pixels).data<float>().ToArray();
        model.LearnIn(torch.ScalarType.BFloat16);
        Assert.Equal(plain, model.forward(pixels).data<float>().ToArray());
    }

    [Fact]
    public void A_distillation_in_bfloat16_learns_and_resumes_bit_equal()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["whole"]) with
        {
            Steps = 60,
            HoldOut = 0.2,
            Amp = MixedPrecision.BFloat16,
            Loss = Recipe.Parse("kd+minilm"),
        };
        DistillSummary summary = Run(options);
        Assert.InRange(summary.HeldOut!.Value, 0.7, 1);
        DistillOptions broken = options with { Output = folder["broken"], Resume = true };
        Assert.Throws<InvalidDataException>(() =>
            DistillRun.Execute(
                broken,
                new OnStep("train", 20, () => throw new InvalidDataException("killed")),
                TestContext.Current.CancellationToken
            )
        );
        Run(broken);
        Assert.Equal(File.ReadAllBytes(folder["whole/model.safetensors"]), File.ReadAllBytes(folder["broken/model.safetensors"]));
    }

    [Fact]
    public void What_a_CPU_or_a_convolutional_student_cannot_do_is_refused_by_name()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]);
        Refused(options with { Amp = MixedPrecision.Float16 }, "amp is float16");
        Refused(options with { Tf32 = true }, "tf32 is for GPUs");
        Refused(options with { Amp = MixedPrecision.BFloat16, Student = "resnet:depth=10,img=16,stem=3,width=8" }, "no transformer blocks");

        static void Refused(DistillOptions options, string reason) =>
            Assert.Contains(reason, Assert.Throws<DistillException>(() => Run(options)).Message, StringComparison.Ordinal);
    }

    private static DistillSummary Run(DistillOptions options) => DistillRun.Execute(options, cancel: TestContext.Current.CancellationToken);

    private static VisionTransformer Network(string spec = TinyWorld.StudentSpec)
    {
        VisionTransformer model = (VisionTransformer)StudentFactory.Fresh(spec, 3, 2);
        model.train();
        return model;
    }

    private static torch.Tensor Pixels() => torch.randn([6, 3, 16, 16], generator: new torch.Generator(3));

    private static StepResult Step(VisionTransformer model, int parts, double scale)
    {
        torch.Tensor pixels = Pixels();
        SupervisedObjective objective = new(model, [0, 1, 2, 0, 1, 2], 0.1);
        Batch batch = new(pixels, [0, 1, 2, 3, 4, 5], 0) { Start = 0, Seeds = new ulong[6] };
        torch.Tensor[] leaves = [.. model.parameters().Select(parameter => parameter.requires_grad_(true))];
        return new StepGradients(objective, model, leaves, parts, clock: null).Of(
            batch,
            new Mixed(pixels, 1),
            null,
            new StepPosition(0, 1),
            scale
        );
    }

    private static double Cosine(StepResult one, StepResult other)
    {
        torch.Tensor a = torch.cat([.. one.Gradients.Select(gradient => gradient.reshape(-1))]),
            b = torch.cat([.. other.Gradients.Select(gradient => gradient.reshape(-1))]);
        return torch.nn.functional.cosine_similarity(a, b, 0).item<float>();
    }
}
