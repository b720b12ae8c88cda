// A TinyViT as an ONNX graph.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;

namespace DataFreeKD.Onnx.Networks;

/// <summary>A convolutional stem and stage, three stages of windowed attention, the mean over positions and its norm.</summary>
internal static class TinyVitGraph
{
    /// <summary>From pixels <c>[B, 3, S, S]</c> to the embedding <c>[B, D]</c>.</summary>
    public static string Add(Network network, TinyVitConfig config, string pixels)
    {
        (GraphBuilder graph, Weights weights, LayerForm form, _) = network;
        string first = Gelu.Add(graph, "patch_embed.act", Stem("patch_embed.conv1", pixels, config.StemStride > 1 ? 2 : 1));
        string x = Stem("patch_embed.conv2", first, config.StemStride > 2 ? 2 : 1);
        for (int block = 0; block < config.Depths.First; block++)
            x = ConvTriple.Add(graph, weights, form, $"stages.0.blocks.{block}", x, 1);
        for (int stage = 1; stage < 4; stage++)
        {
            string name = $"stages.{stage}";
            // Channels last from here to the next step down.
            x = graph.Transpose($"{name}.rows", ConvTriple.Add(graph, weights, form, $"{name}.downsample", x, 2), 0, 2, 3, 1);
            for (int block = 0; block < config.Depths[stage]; block++)
                x = TinyVitBlock.Add(
                    graph,
                    weights,
                    form,
                    $"{name}.blocks.{block}",
                    x,
                    config.Side(stage),
                    config.Heads[stage],
                    config.Windows[stage]
                );
            if (stage < 3)
                x = graph.Transpose($"{name}.planes", x, 0, 3, 1, 2);
        }
        return Norm.Add(graph, weights, "head.norm", graph.Mean("pooled", x, 1, 2), 1e-5);

        string Stem(string name, string map, long stride) =>
            ConvNorm.Add(graph, weights, form, $"{name}.conv", $"{name}.bn", map, kernel => kernel with { Stride = stride });
    }
}
