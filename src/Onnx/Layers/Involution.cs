// Involution: every position makes its own kernel, shared by the channels of a group.

using DataFreeKD.Onnx.Graph;
using TorchSharp;
using static DataFreeKD.Onnx.Graph.GraphBuilder;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Li et al., "Involution", CVPR 2021, equations 4–6. What makes the kernels is convolutions; the sum over the windows stays in
/// floating point whatever their form.</summary>
internal static class Involution
{
    /// <summary>A map <c>[B, C, side, side]</c> to <c>[B, C, side / stride, side / stride]</c>.</summary>
    /// <param name="graph">Receives the nodes.</param>
    /// <param name="weights">The parameters.</param>
    /// <param name="form">How convolutions are written.</param>
    /// <param name="name">The module's name; its parts are <c>conv1.conv</c>, <c>conv1.bn</c>, <c>conv2.conv</c>.</param>
    /// <param name="x">The map.</param>
    /// <param name="shape">Its channels and side, the kernel's side and the step between positions.</param>
    public static string Add(GraphBuilder graph, Weights weights, LayerForm form, string name, string x, InvolutionShape shape)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Kernel span = Kernel.Of(weights, $"{name}.conv2.conv");
        long taps = shape.Kernel * shape.Kernel,
            groups = span.Weight.shape[0] / taps,
            side = shape.Side / shape.Stride;
        string source =
            shape.Stride == 1
                ? x
                : graph.Add(
                    "AveragePool",
                    $"{name}.pooled",
                    [x],
                    Attribute("kernel_shape", shape.Stride, shape.Stride),
                    Attribute("strides", shape.Stride, shape.Stride)
                );
        string reduced = ConvNorm.Add(graph, weights, form, $"{name}.conv1.conv", $"{name}.conv1.bn", source, kernel =>
            kernel with
            {
                Relu = true,
            }
        );
        string kernels = graph.Reshape(
            $"{name}.kernels",
            form.Convolution(graph, $"{name}.conv2.conv", reduced, span),
            0,
            groups,
            taps,
            side,
            side
        );

        long pad = shape.Kernel / 2,
            whole = shape.Side + (2 * pad);
        string padded = graph.Add("Pad", $"{name}.padded", [x, graph.Whole($"{name}.pads", 0, 0, pad, pad, 0, 0, pad, pad)]);
        string grouped = graph.Reshape($"{name}.grouped", padded, 0, groups, shape.Channels / groups, whole, whole);
        string axes = graph.Whole($"{name}.axes", 3, 4),
            steps = graph.Whole($"{name}.steps", shape.Stride, shape.Stride);
        long reach = (shape.Stride * (side - 1)) + 1;

        // One tap of the kernel at a time, added up as they come: all of them at once would be K² copies of the map.
        string? sum = null;
        for (long tap = 0; tap < taps; tap++)
        {
            long top = tap / shape.Kernel,
                left = tap % shape.Kernel;
            string at = $"{name}.{tap}";
            string window = graph.Add(
                "Slice",
                $"{at}.window",
                [grouped, graph.Whole($"{at}.from", top, left), graph.Whole($"{at}.to", top + reach, left + reach), axes, steps]
            );
            string weighted = graph.Product(at, window, graph.Slice($"{at}.kernel", kernels, 2, tap, tap + 1));
            sum = sum is null ? weighted : graph.Sum($"{at}.sum", sum, weighted);
        }
        return graph.Reshape($"{name}.whole", sum!, 0, shape.Channels, side, side);
    }
}

/// <summary>The sizes of an involution.</summary>
/// <param name="Channels">Channels of the map.</param>
/// <param name="Side">Side of the map.</param>
/// <param name="Kernel">Side of the kernel, odd.</param>
/// <param name="Stride">Step between positions.</param>
internal sealed record InvolutionShape(long Channels, long Side, long Kernel, long Stride = 1);
