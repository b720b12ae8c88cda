// A Vision Transformer as an ONNX graph.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;

namespace DataFreeKD.Onnx.Networks;

/// <summary>Puts the layers one after the other.</summary>
internal static class VitGraph
{
    /// <summary>From pixels <c>[B, 3, S, S]</c> to all outputs.</summary>
    public static void Add(Network network, VitConfig config, string pixels)
    {
        (GraphBuilder graph, Weights weights, LayerForm form, GraphOptions options) = network;
        int heads =
            config.CrossBias ? 3
            : config.Distilled ? 2
            : 1;
        (string patches, string[] aligned) = config.CrossBias
            ? TokenStems.Add(graph, config, weights, form, pixels)
            : (PatchTokens.Add(graph, config, weights, form, pixels), []);
        string x = Tokens.Add(graph, config, weights, patches, aligned);
        for (int block = 0; block < config.Depth; block++)
        {
            // Nobody reads the last block's patches: only the tokens with a head go through it.
            (x, string probabilities) = TransformerBlock.Add(
                graph,
                config,
                weights,
                form,
                $"blocks.{block}",
                x,
                block == config.Depth - 1 ? heads : null
            );
            if (options.ProbeBlocks.Contains(block))
                ProbeRow.Add(graph, config, block, probabilities);
        }
        string normed = Norm.Add(graph, weights, "norm", x, config.LayerNormEpsilon);
        if (options.Features)
            graph.Output(graph.Add("Identity", OnnxNames.Features, [normed]), Network.Batch, heads, config.Width);
        if (options.Embedding || config.Classes == 0)
            graph.Output(graph.Pick(OnnxNames.Embedding, normed, 1, 0), Network.Batch, config.Width);
        if (config.Classes > 0)
            graph.Output(Heads.Add(graph, weights, form, normed), Network.Batch, config.Classes);
    }
}
