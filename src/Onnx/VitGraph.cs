// A Vision Transformer as an ONNX graph.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;

namespace DataFreeKD.Onnx;

/// <summary>Puts the layers one after the other.</summary>
internal static class VitGraph
{
    /// <summary>The name of the open first side.</summary>
    public const string Batch = "batch";

    /// <summary>The graph of a model.</summary>
    public static GraphProto Of(VisionTransformer model, PreprocessingConfig preprocessing, GraphOptions options, LinearForm linear)
    {
        VitConfig config = model.Config;
        GraphBuilder graph = new();
        Weights weights = new(model);
        int side = config.ImageSize, heads = config.CrossBias ? 3 : config.Distilled ? 2 : 1;
        string pixels = options.WithPreprocessing
            ? Preprocessing.Add(graph, preprocessing, graph.Input(OnnxNames.Image, TensorProto.Types.Element.Uint8, Batch, "height", "width", 3))
            : graph.Input(OnnxNames.Pixels, TensorProto.Types.Element.Float, Batch, 3, side, side);

        (string patches, string[] aligned) = config.CrossBias ? TokenStems.Add(graph, config, weights, pixels) : (PatchTokens.Add(graph, config, weights, linear, pixels), []);
        string x = Tokens.Add(graph, config, weights, patches, aligned);
        for (int block = 0; block < config.Depth; block++)
        {
            // Nobody reads the last block's patches: only the tokens with a head go through it.
            (x, string probabilities) = TransformerBlock.Add(graph, config, weights, linear, $"blocks.{block}", x, block == config.Depth - 1 ? heads : null);
            if (options.ProbeBlocks.Contains(block)) ProbeRow.Add(graph, config, block, probabilities);
        }
        string normed = Norm.Add(graph, config, weights, "norm", x);
        if (options.Features) graph.Output(graph.Add("Identity", OnnxNames.Features, [normed]), Batch, heads, config.Width);
        if (options.Embedding || config.Classes == 0) graph.Output(graph.Pick(OnnxNames.Embedding, normed, 1, 0), Batch, config.Width);
        if (config.Classes > 0) graph.Output(Heads.Add(graph, weights, linear, normed), Batch, config.Classes);
        return graph.Proto;
    }
}
