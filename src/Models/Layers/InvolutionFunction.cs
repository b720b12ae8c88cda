// Involution's sum over windows and its gradient, one tap of the kernel at a time.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>The windows of a map. One tap at a time needs no K² copies of the map, as unfolding does, and is several times
/// faster.</summary>
internal sealed class InvolutionWindows
{
    private readonly Tensor padded;
    private readonly Tensor kernels;
    private readonly int kernel;
    private readonly long stride;
    private readonly long[] shape;

    /// <inheritdoc cref="Involution.Apply"/>
    public InvolutionWindows(Tensor x, Tensor kernels, int kernel, int groups, long stride)
    {
        (this.kernel, this.stride, shape) = (kernel, stride, x.shape);
        long pad = kernel / 2,
            height = kernels.shape[2],
            width = kernels.shape[3];
        padded = nn
            .functional.pad(x, [pad, pad, pad, pad])
            .view(shape[0], groups, shape[1] / groups, shape[2] + (2 * pad), shape[3] + (2 * pad));
        this.kernels = kernels.view(shape[0], groups, kernel * kernel, height, width);
    }

    /// <summary><c>[B, C, h, w]</c>.</summary>
    public Tensor Sum()
    {
        long height = kernels.shape[3],
            width = kernels.shape[4];
        Tensor sum = zeros([shape[0], padded.shape[1], padded.shape[2], height, width], padded.dtype, padded.device);
        for (int tap = 0; tap < kernel * kernel; tap++)
        {
            using DisposeScope scope = NewDisposeScope();
            sum.addcmul_(Window(padded, tap), Tap(kernels, tap), 1);
        }
        return sum.view(shape[0], shape[1], height, width);
    }

    /// <summary>Gradients of map and kernels for the gradient of the sum.</summary>
    public (Tensor Map, Tensor Kernels) Gradients(Tensor gradient)
    {
        Tensor grouped = gradient.reshape(shape[0], padded.shape[1], padded.shape[2], kernels.shape[3], kernels.shape[4]);
        Tensor map = zeros_like(padded),
            weights = empty_like(kernels);
        for (int tap = 0; tap < kernel * kernel; tap++)
        {
            using DisposeScope scope = NewDisposeScope();
            Window(map, tap).addcmul_(grouped, Tap(kernels, tap), 1);
            weights.select(2, tap).copy_((grouped * Window(padded, tap)).sum(2));
        }
        long pad = kernel / 2;
        return (
            map.narrow(3, pad, shape[2]).narrow(4, pad, shape[3]).reshape(shape),
            weights.view(shape[0], -1, kernels.shape[3], kernels.shape[4])
        );
    }

    private static Tensor Tap(Tensor kernels, int tap) => kernels.select(2, tap).unsqueeze(2);

    // What the tap sees at every position, a view.
    private Tensor Window(Tensor of, int tap)
    {
        long top = tap / kernel,
            left = tap % kernel;
        return of.slice(3, top, top + (stride * (kernels.shape[3] - 1)) + 1, stride)
            .slice(4, left, left + (stride * (kernels.shape[4] - 1)) + 1, stride);
    }
}

/// <summary>The sum as one node of the graph: recording every tap would write a gradient of the whole map for each.</summary>
internal sealed class InvolutionFunction : autograd.SingleTensorFunction<InvolutionFunction>
{
    private const string Shape = "shape";

    public override string Name => nameof(InvolutionFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor x, Tensor kernels) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([x, kernels]);
        ctx.save_data(Shape, (vars[2], vars[3], vars[4]));
        using DisposeScope scope = NewDisposeScope();
        return Windows(ctx, x, kernels).Sum().MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using DisposeScope scope = NewDisposeScope();
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor map, Tensor kernels) = Windows(ctx, saved[0], saved[1]).Gradients(grad_output);
        return [map.MoveToOuterDisposeScope(), kernels.MoveToOuterDisposeScope(), null!, null!, null!];
    }

    private static InvolutionWindows Windows(autograd.AutogradContext ctx, Tensor x, Tensor kernels)
    {
        (object kernel, object groups, object stride) = ((object, object, object))ctx.get_data(Shape);
        return new(x, kernels, (int)kernel, (int)groups, (long)stride);
    }
}
