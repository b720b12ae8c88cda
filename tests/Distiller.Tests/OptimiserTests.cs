// The optimiser and its schedule against PyTorch's own and the closed form.

using DataFreeKD.Distiller.Optimisation;
using TorchSharp;
using AdamW = DataFreeKD.Distiller.Optimisation.AdamW;
using Parameter = TorchSharp.Modules.Parameter;

namespace DataFreeKD.Distiller.Tests;

public sealed class OptimiserTests
{
    [Fact]
    public void Ten_steps_equal_libtorch_AdamW()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] ours = Leaves();
        Parameter[] theirs = [.. Leaves().Select(leaf => new Parameter(leaf.detach().clone()))];
        torch.optim.Optimizer reference = torch.optim.AdamW([theirs[0]], 1e-2, 0.9, 0.99, 1e-8, 0.1);
        torch.optim.Optimizer undecayed = torch.optim.AdamW([theirs[1]], 1e-2, 0.9, 0.99, 1e-8, 0);
        using AdamW adam = new(
            [new TrainedTensor("bias", ours[1], false), new TrainedTensor("weight", ours[0], true)],
            Options with
            {
                WeightDecay = 0.1,
                Clip = 0,
            }
        );
        for (int step = 0; step < 10; step++)
        {
            reference.zero_grad();
            undecayed.zero_grad();
            Loss(theirs).backward();
            reference.step();
            undecayed.step();
            adam.Step([.. torch.autograd.grad([Loss(ours)], [.. adam.Leaves])], 1e-2, step);
        }
        Assert.True(torch.allclose(theirs[0], ours[0], 1e-5, 1e-6));
        Assert.True(torch.allclose(theirs[1], ours[1], 1e-5, 1e-6));
    }

    [Fact]
    public void Clipping_bounds_the_gradient_that_is_applied()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor leaf = torch.zeros(4).requires_grad_(true);
        using AdamW adam = new([new TrainedTensor("w", leaf, false)], Options with { Clip = 1 });
        torch.Tensor norm = adam.Step([torch.full(4, 5f)], 1e-3, 0);
        Assert.Equal(10, norm.item<float>(), 1e-4);
        Assert.Equal(0.1 * 0.5, adam.State["adam_first"][0].item<float>(), 1e-5);
    }

    [Fact]
    public void The_average_is_shown_and_taken_back()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor leaf = torch.ones(2).requires_grad_(true);
        using AdamW adam = new([new TrainedTensor("w", leaf, false)], Options with { Ema = 0.9 });
        adam.Step([torch.ones(2)], 0.5, 0);
        float trained = leaf[0].item<float>(),
            averaged = 0;
        adam.WithAverage(() => averaged = leaf[0].item<float>());
        Assert.Equal(0.5, trained, 1e-4);
        // At step 0 the decay in force is (1 + 0)/(10 + 0).
        Assert.Equal((0.1 * 1) + (0.9 * trained), averaged, 1e-4);
        Assert.Equal(trained, leaf[0].item<float>());
    }

    [Fact]
    public void The_rate_warms_up_in_a_line_and_falls_in_half_a_cosine()
    {
        LearningRateSchedule schedule = new(2, 4, 24);
        Assert.Equal([0.5, 1, 1.5, 2], Enumerable.Range(0, 4).Select(schedule.At));
        Assert.Equal(2, schedule.At(4), 12);
        Assert.Equal(1, schedule.At(14), 12);
        Assert.True(schedule.At(23) is > 0 and < 0.02);
        Assert.Equal(2, new LearningRateSchedule(2, 0, 10).At(0));
    }

    private static TrainOptions Options { get; } =
        new()
        {
            Output = "o",
            Model = "m",
            Labelled = "d",
            Ema = 0,
            WeightDecay = 0,
        };

    private static torch.Tensor[] Leaves() =>
        [
            torch.arange(6).to_type(torch.ScalarType.Float32).reshape(2, 3).div(3).detach().requires_grad_(true),
            torch.tensor(new float[] { 0.5f, -0.25f, 1 }).requires_grad_(true),
        ];

    private static torch.Tensor Loss(torch.Tensor[] leaves) => (leaves[0] + leaves[1]).pow(4).sum() + leaves[0].sin().sum();
}
