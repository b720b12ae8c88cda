// The two stems of a Co-advise student: patch tokens by convolution and by involution, and the token aligned with each.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;
using static DataFreeKD.Onnx.Graph.GraphBuilder;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Ren et al., "Co-advise", CVPR 2022. Convolutions stay in single precision whatever the form of linear maps.</summary>
internal static class TokenStems
{
    private const int InvolutionSide = 3;

    /// <summary><c>[B, 3, S, S]</c> to the sum of both stems <c>[B, N, D]</c> and the mean of each, <c>[B, 1, D]</c>.</summary>
    public static (string Patches, string[] Aligned) Add(GraphBuilder graph, VitConfig config, Weights weights, string pixels)
    {
        string convolved = Projected(graph, config, weights, "conv_embed", Convolutions(graph, weights, "conv_embed.conv", pixels));
        string involved = Projected(graph, config, weights, "inv_embed", Involutions(graph, weights, "inv_embed.stem", pixels));
        return (graph.Sum("patch_embed.sum", convolved, involved), [graph.Mean("conv_embed.token", convolved, 1, keep: true), graph.Mean("inv_embed.token", involved, 1, keep: true)]);
    }

    // Numbered as the sequence of the official code, in which every third is a ReLU.
    private static string Convolutions(GraphBuilder graph, Weights weights, string name, string x)
    {
        for (int i = 0; i < 9; i += 3) x = Normed(graph, weights, $"{name}.{i + 1}", Convolution(graph, weights, $"{name}.{i}", x, i == 0 ? 2 : 1));
        return x;
    }

    private static string Involutions(GraphBuilder graph, Weights weights, string name, string pixels)
    {
        string first = Normed(graph, weights, $"{name}.0.bn", Convolution(graph, weights, $"{name}.0.conv", pixels, 2));
        string reduced = Normed(graph, weights, $"{name}.1.conv1.bn", Convolution(graph, weights, $"{name}.1.conv1.conv", first, 1));
        string kernels = Convolution(graph, weights, $"{name}.1.conv2.conv", reduced, 1);
        long channels = weights[$"{name}.0.conv.weight"].shape[0], groups = weights[$"{name}.1.conv2.conv.weight"].shape[0] / (InvolutionSide * InvolutionSide);
        string involved = Normed(graph, weights, $"{name}.2", Windows(graph, $"{name}.1", first, kernels, channels, groups));
        return Normed(graph, weights, $"{name}.4.bn", Convolution(graph, weights, $"{name}.4.conv", involved, 1));
    }

    // The sum over the window of each position, weighted by that position's kernel: one tap at a time.
    private static string Windows(GraphBuilder graph, string name, string x, string kernels, long channels, long groups)
    {
        string sizes = graph.Add("Shape", $"{name}.sizes", [x], Attribute("start", 2L), Attribute("end", 4L));
        string padded = graph.Add("Pad", $"{name}.padded", [x, graph.Whole($"{name}.pads", 0, 0, 1, 1, 0, 0, 1, 1)]);
        string grouped = Grouped(graph, $"{name}.grouped", padded, channels / groups, groups), weighting = Grouped(graph, $"{name}.kernels", kernels, InvolutionSide * InvolutionSide, groups);
        string axes = graph.Whole($"{name}.axes", 3, 4);
        string[] taps = [.. Enumerable.Range(0, InvolutionSide * InvolutionSide).Select(tap =>
        {
            string from = graph.Whole($"{name}.{tap}.from", tap / InvolutionSide, tap % InvolutionSide);
            string window = graph.Add("Slice", $"{name}.{tap}.window", [grouped, from, graph.Sum($"{name}.{tap}.to", from, sizes), axes]);
            return graph.Product($"{name}.{tap}", window, graph.Slice($"{name}.{tap}.kernel", weighting, 2, tap, tap + 1));
        })];
        return graph.Add("Reshape", $"{name}.whole", [graph.Add("Sum", $"{name}.sum", taps), graph.Add("Shape", $"{name}.shape", [x])]);
    }

    // [B, G·each, h, w] to [B, G, each, h, w].
    private static string Grouped(GraphBuilder graph, string name, string x, long each, long groups)
    {
        string outer = graph.Add("Shape", $"{name}.outer", [x], Attribute("start", 0L), Attribute("end", 1L)), inner = graph.Add("Shape", $"{name}.inner", [x], Attribute("start", 2L), Attribute("end", 4L));
        return graph.Add("Reshape", name, [x, graph.Concat($"{name}.shape", 0, outer, graph.Whole($"{name}.groups", groups, each), inner)]);
    }

    private static string Projected(GraphBuilder graph, VitConfig config, Weights weights, string name, string map)
    {
        long step = config.PatchSize / 2;
        string patches = graph.Add("Conv", $"{name}.proj", Parameters(graph, weights, $"{name}.proj", map), Attribute("strides", step, step));
        return graph.Transpose($"{name}.tokens", graph.Reshape($"{name}.flat", patches, 0, config.Width, -1), 0, 2, 1);
    }

    // Padded so that a stride of 1 keeps the size.
    private static string Convolution(GraphBuilder graph, Weights weights, string name, string x, long stride)
    {
        long padding = weights[$"{name}.weight"].shape[2] / 2;
        return graph.Add("Conv", name, Parameters(graph, weights, name, x), Attribute("strides", stride, stride), Attribute("pads", padding, padding, padding, padding));
    }

    private static string Normed(GraphBuilder graph, Weights weights, string name, string x) =>
        graph.Add("Relu", $"{name}.relu", [graph.Add("BatchNormalization", name, [x, .. ((string[])["weight", "bias", "running_mean", "running_var"]).Select(part => graph.Weight($"{name}.{part}", weights[$"{name}.{part}"]))], Attribute("epsilon", 1e-5f))]);

    private static string[] Parameters(GraphBuilder graph, Weights weights, string name, string x) =>
        [x, graph.Weight($"{name}.weight", weights[$"{name}.weight"]), .. weights.Find($"{name}.bias") is { } bias ? [graph.Weight($"{name}.bias", bias)] : Array.Empty<string>()];
}
