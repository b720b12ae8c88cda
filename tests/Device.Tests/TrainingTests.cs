// Training on the device beside training on the CPU.

using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using DataFreeKD.Testing;

namespace DataFreeKD.Device.Tests;

public sealed class TrainingTests(LazyWorld world) : IClassFixture<LazyWorld>
{
    private const string Everything = "kd+dkd+dist+noise+hidden+probe+attention+minilm+vitkd+rkd+manifold+tat";

    [Theory]
    [InlineData("kd")]
    [InlineData("kd+minilm")]
    [InlineData(Everything)]
    public void Losses_follow_the_CPUs(string recipe)
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        DistillOptions options = world.Value.Distill(folder["cpu"]) with { Loss = Recipe.Parse(recipe), Steps = 10, LogEvery = 1 };
        Near(Run(options).FinalLoss, Run(options with { Output = folder["device"], Device = device }).FinalLoss, 0.01);
    }

    [Fact]
    public void Figures_are_read_once_a_row()
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        DistillOptions options = world.Value.Distill(folder["s"]) with
        {
            Loss = Recipe.Parse(Everything),
            Steps = 10,
            LogEvery = 5,
            HoldOut = 0,
            CheckpointEvery = 0,
            Device = device,
        };
        long before = HostReads.Count;
        Run(options);
        Assert.Equal(2, HostReads.Count - before);
    }

    [Fact]
    public void A_batch_in_parts_computed_twice_is_the_whole_batch()
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        DistillOptions whole = world.Value.Distill(folder["whole"]) with { Steps = 10, Device = device },
            parts = whole with { Output = folder["parts"], Accumulate = 4, CheckpointActivations = true };
        Near(Run(whole).FinalLoss, Run(parts).FinalLoss, 0.01);
    }

    [Theory]
    [InlineData(MixedPrecision.BFloat16)]
    [InlineData(MixedPrecision.Float16)]
    public void Mixed_precision_follows_single_precision(MixedPrecision amp)
    {
        string device = amp == MixedPrecision.Float16 ? TestDevice.Gpu() : TestDevice.Any();
        using TempFolder folder = new();
        DistillOptions exact = world.Value.Distill(folder["exact"]) with { Device = device };
        try
        {
            Near(Run(exact).FinalLoss, Run(exact with { Output = folder["mixed"], Amp = amp }).FinalLoss, 0.1);
        }
        catch (ModelException error) when (device == "cpu")
        {
            Assert.Skip(error.Message);
        }
    }

    [Fact]
    public void TF32_follows_single_precision()
    {
        string device = TestDevice.Gpu();
        using TempFolder folder = new();
        DistillOptions exact = world.Value.Distill(folder["exact"]) with { Device = device };
        Near(Run(exact).FinalLoss, Run(exact with { Output = folder["tf32"], Tf32 = true }).FinalLoss, 0.05);
    }

    [Fact]
    public void An_interrupted_run_goes_on_where_it_was()
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        DistillOptions options = world.Value.Distill(folder["whole"]) with { Device = device };
        double undisturbed = Run(options).FinalLoss;
        DistillOptions stopped = options with { Output = folder["stopped"] };
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() =>
            DistillRun.Execute(
                stopped,
                new Reporter(progress =>
                {
                    if (progress is { Phase: "train", Done: >= 15 })
                        stop.Cancel();
                }),
                stop.Token
            )
        );
        DistillSummary resumed = Run(stopped with { Resume = true });
        Assert.InRange(resumed.ResumedFrom, 1, 29);
        Near(undisturbed, resumed.FinalLoss, 0.01);
    }

    [Fact]
    public void A_teacher_stored_by_the_device_teaches_as_the_live_one()
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        DistillOptions live = world.Value.Distill(folder["live"]) with { Steps = 10, Device = device };
        CacheRun.Execute(
            new CacheOptions
            {
                Output = folder["cache"],
                Selection = live.Selection,
                Teacher = live.Teacher,
                Steps = live.Steps,
                BatchSize = live.BatchSize,
                Flip = live.Flip,
                PadCrop = live.PadCrop,
                Device = device,
            },
            cancel: TestContext.Current.CancellationToken
        );
        DistillOptions cached = live with { Output = folder["cached"], Teacher = "", Cache = folder["cache"] };
        Near(Run(live).FinalLoss, Run(cached).FinalLoss, 0.01);
    }

    [Fact]
    public void Training_with_labels_follows_the_CPUs()
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        TrainOptions options = world.Value.Train(folder["cpu"]) with { Steps = 10 };
        double expected = TrainRun.Execute(options, cancel: TestContext.Current.CancellationToken).FinalLoss,
            found =
                TrainRun
                    .Execute(options with { Output = folder["device"], Device = device }, cancel: TestContext.Current.CancellationToken)
                    .FinalLoss;
        Near(expected, found, 0.01);
    }

    private static DistillSummary Run(DistillOptions options) => DistillRun.Execute(options, cancel: TestContext.Current.CancellationToken);

    private static void Near(double expected, double found, double relative) =>
        Assert.True(Math.Abs(expected - found) <= relative * Math.Abs(expected), $"{found} in place of {expected}");

    private sealed class Reporter(Action<TrainProgress> report) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => report(value);
    }
}
