// Pruned students, measurements and refusals on the device.

using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Pruning;
using DataFreeKD.Distiller.Tests;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Device.Tests;

public sealed class StudentTests(LazyWorld world) : IClassFixture<LazyWorld>
{
    [Fact]
    public void A_pruned_student_answers_as_the_one_that_the_CPU_made()
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable inference = torch.inference_mode();
        torch.Tensor pixels = torch.randn([8, 3, 16, 16], generator: new torch.Generator(1, torch.CPU));
        torch.Tensor expected = Logits(Prune(folder["cpu"], "cpu"), pixels),
            found = Logits(Prune(folder["device"], device), pixels);
        double error = (expected - found).abs().max().item<float>(),
            largest = expected.abs().max().item<float>();
        Assert.True(error <= 1e-3 * Math.Max(1, largest), $"{error} beside {largest}");
    }

    [Fact]
    public void An_evaluation_gives_the_CPUs_figures()
    {
        string device = TestDevice.Any();
        EvaluateOptions options = new()
        {
            Model = world.Value.Teacher,
            Labelled = world.Value.Images,
            Against = world.Value.Teacher,
        };
        EvaluationReport expected = EvaluateRun.Execute(options, cancel: TestContext.Current.CancellationToken),
            found = EvaluateRun.Execute(options with { Device = device }, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(expected.Top1, found.Top1);
        Assert.Equal(expected.NegativeLogLikelihood, found.NegativeLogLikelihood, 1e-4);
        Assert.Equal(1, found.Against!.Agreement);
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused_by_name()
    {
        TestDevice.Gpu();
        EvaluateOptions options = new()
        {
            Model = world.Value.Teacher,
            Labelled = world.Value.Images,
            Device = "cuda:99",
        };
        Assert.Contains(
            "cuda:99",
            Assert.Throws<ModelException>(() => EvaluateRun.Execute(options, cancel: TestContext.Current.CancellationToken)).Message,
            StringComparison.Ordinal
        );
    }

    private string Prune(string output, string device)
    {
        PruneRun.Execute(
            new PruneOptions
            {
                Teacher = world.Value.Teacher,
                Selection = world.Value.Selection,
                Output = output,
                Student = TinyWorld.StudentSpec.Replace("depth=2", "depth=3", StringComparison.Ordinal),
                Device = device,
            },
            cancel: TestContext.Current.CancellationToken
        );
        return output;
    }

    private static torch.Tensor Logits(string model, torch.Tensor pixels)
    {
        using LoadedModel loaded = ModelStore.Load(model);
        loaded.Model.eval();
        return loaded.Model.AsVisionTransformer("").forward(pixels);
    }
}
