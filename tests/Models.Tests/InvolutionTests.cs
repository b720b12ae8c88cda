// Involution's own sum and gradient against unfolding and libtorch's derivative.

using DataFreeKD.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class InvolutionTests
{
    [Theory]
    [InlineData(8, 2, 3, 1, 6, 7)]
    [InlineData(32, 2, 7, 1, 9, 9)]
    [InlineData(16, 1, 7, 2, 8, 10)]
    [InlineData(16, 4, 3, 2, 8, 8)]
    public void Taps_one_at_a_time_are_the_unfolded_sum_and_so_are_the_gradients(
        int channels,
        int groups,
        int kernel,
        long stride,
        long height,
        long width
    )
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator draw = new(3, CPU);
        long h = (height - 1) / stride + 1,
            w = (width - 1) / stride + 1;
        Tensor x = randn([2, channels, height, width], dtype: ScalarType.Float64, generator: draw).requires_grad_(true),
            kernels = randn([2, groups * kernel * kernel, h, w], dtype: ScalarType.Float64, generator: draw).requires_grad_(true);
        Tensor weights = randn([2, channels, h, w], dtype: ScalarType.Float64, generator: draw);

        Tensor expected = Unfolded(x, kernels, kernel, groups, stride),
            got = Involution.Apply(x, kernels, kernel, groups, stride);
        Assert.True(got.allclose(expected, 1e-12, 1e-12));
        IList<Tensor> derived = autograd.grad([(expected * weights).sum()], [x, kernels]),
            own = autograd.grad([(got * weights).sum()], [x, kernels]);
        Assert.True(own[0].allclose(derived[0], 1e-11, 1e-11), "map");
        Assert.True(own[1].allclose(derived[1], 1e-11, 1e-11), "kernels");
        using IDisposable off = no_grad();
        Assert.True(Involution.Apply(x, kernels, kernel, groups, stride).allclose(expected, 1e-12, 1e-12));
    }

    // The definition: windows copied out, weighted, summed.
    private static Tensor Unfolded(Tensor x, Tensor kernels, int kernel, int groups, long stride)
    {
        long batch = x.shape[0],
            channels = x.shape[1],
            h = kernels.shape[2],
            w = kernels.shape[3],
            taps = kernel * kernel;
        Tensor windows = nn.functional.unfold(x, kernel, 1, kernel / 2, stride).view(batch, groups, channels / groups, taps, h, w);
        return (windows * kernels.view(batch, groups, 1, taps, h, w)).sum(3).view(batch, channels, h, w);
    }
}
