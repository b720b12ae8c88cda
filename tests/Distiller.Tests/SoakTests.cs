// Native memory: a long run holds no more tensors at its end than after its start.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

/// <summary>Runs alone, because the count of live tensors is the process's.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class SoakTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Fact]
    public void Two_hundred_steps_hold_no_more_tensors_at_the_end_than_at_the_start()
    {
        using TempFolder folder = new();
        Counter counter = new();
        DistillRun.Execute(
            world.Distill(folder["s"]) with
            {
                Steps = 200,
                Student = TinyWorld.StudentSpec + ",distilled=1",
                Loss = Recipe.Parse("kd+probe+hidden+hard+noise"),
                Mixup = 1,
                PatchDropout = 0.3,
                LogEvery = 10,
            },
            counter,
            TestContext.Current.CancellationToken
        );
        Assert.Equal(20, counter.Live.Count);
        Assert.InRange(counter.Live[^1], 0, counter.Live[2]);
    }

    private sealed class Counter : IProgress<TrainProgress>
    {
        public List<long> Live { get; } = [];

        public void Report(TrainProgress value)
        {
            if (value.Phase == "train")
                Live.Add(torch.Tensor.TotalCount);
        }
    }
}
