// Runs that learn, called by a program that has turned gradients off.

using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class GradientTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Theory]
    [InlineData("inference_mode")]
    [InlineData("no_grad")]
    public void A_callers_mode_changes_no_result(string mode)
    {
        using TempFolder folder = new();
        DistillOptions distill = world.Distill(folder["student"]) with { Steps = 4, CheckpointActivations = true, Init = StudentInit.Auto };
        TrainOptions train = world.Train(folder["trained"]) with { Steps = 4 };
        Run(distill, train);
        using (mode == "no_grad" ? torch.no_grad() : torch.inference_mode())
        {
            Run(distill with { Output = folder["student-2"] }, train with { Output = folder["trained-2"] });
            Assert.False(torch.is_grad_enabled());
        }
        foreach (string run in (string[])["student", "trained"])
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(folder[run], "model.safetensors")),
                File.ReadAllBytes(Path.Combine(folder[run + "-2"], "model.safetensors"))
            );
    }

    private static void Run(DistillOptions distill, TrainOptions train)
    {
        DistillRun.Execute(distill, cancel: TestContext.Current.CancellationToken);
        TrainRun.Execute(train, cancel: TestContext.Current.CancellationToken);
    }
}
