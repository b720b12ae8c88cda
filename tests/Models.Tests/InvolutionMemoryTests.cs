// What a training loop over involution leaves behind.

using DataFreeKD.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

/// <summary>Alone, because libtorch counts the tensors of the whole process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class InvolutionMemoryTests
{
    [Fact]
    public void A_long_loop_keeps_no_tensors()
    {
        using Tensor x = randn([2, 16, 8, 8]).requires_grad_(true),
            kernels = randn([2, 49, 8, 8]).requires_grad_(true);
        long before = 0;
        for (int step = 0; step < 40; step++)
        {
            using (DisposeScope scope = NewDisposeScope())
                autograd.grad([Involution.Apply(x, kernels, 7, 1, 1).square().sum()], [x, kernels]);
            if (step == 20)
                before = Tensor.TotalCount;
        }
        Assert.InRange(Tensor.TotalCount, 0, before + 4);
    }
}
