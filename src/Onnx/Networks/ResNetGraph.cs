// A ResNet or RedNet as an ONNX graph.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;

namespace DataFreeKD.Onnx.Networks;

/// <summary>Stem, four stages of residual blocks, the mean over positions.</summary>
internal static class ResNetGraph
{
    /// <summary>From pixels <c>[B, 3, S, S]</c> to the embedding <c>[B, D]</c>.</summary>
    public static string Add(Network network, ResNetConfig config, string pixels)
    {
        (GraphBuilder graph, Weights weights, LayerForm form, _) = network;
        long step = config.SmallStem ? 1 : 2,
            side = Shrunk(config.ImageSize, step);
        string x = config.Involution
            ? InvolutionStem.Add(graph, weights, form, "stem", pixels, config.ImageSize, step)
            : ConvNorm.Add(graph, weights, form, "conv1", "bn1", pixels, kernel => kernel with { Stride = step, Relu = true });
        if (!config.SmallStem)
        {
            string pooled = graph.Add(
                "MaxPool",
                "stem.pooled",
                [x],
                GraphBuilder.Attribute("kernel_shape", 3, 3),
                GraphBuilder.Attribute("strides", 2, 2),
                GraphBuilder.Attribute("pads", 1, 1, 1, 1)
            );
            (x, side) = (form.Rounded(graph, pooled, like: x), Shrunk(side, 2));
        }
        for (int stage = 0; stage < config.Blocks.Count; stage++)
        {
            for (int block = 0; block < config.Blocks[stage]; block++)
            {
                long stride = block == 0 && stage > 0 ? 2 : 1;
                x = ResidualBlock.Add(graph, config, weights, form, $"layer{stage + 1}.{block}", x, side, stride);
                side = Shrunk(side, stride);
            }
        }
        return graph.Mean("pooled", x, 2, 3);
    }

    private static long Shrunk(long side, long stride) => (side + stride - 1) / stride;
}
