// What the graphs of all families have in common: their input, and the outputs of those without tokens.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;

namespace DataFreeKD.Onnx.Networks;

/// <summary>A graph under construction with what its layers are made of.</summary>
/// <param name="Graph">Receives the nodes.</param>
/// <param name="Weights">The parameters.</param>
/// <param name="Form">How layers with weights are written.</param>
/// <param name="Options">What the graph takes and gives.</param>
internal sealed record Network(GraphBuilder Graph, Weights Weights, LayerForm Form, GraphOptions Options)
{
    /// <summary>The name of the open first side.</summary>
    public const string Batch = "batch";

    /// <summary>The graph of a model.</summary>
    /// <exception cref="OnnxException">A family that is not written, or an output that it has not.</exception>
    public static GraphProto Of(ImageModel model, Preprocessing preprocessing, GraphOptions options, LayerForm form)
    {
        if (model is not VisionTransformer && options.ProbeBlocks.Count > 0)
            throw new OnnxException(
                $"{model.Config.Name} is a {model.Config.Family}, which has no attention to probe; give a Vision Transformer, or leave the probe out"
            );
        Network network = new(new GraphBuilder(), new Weights(model), form, options);
        string pixels = network.Pixels(model.Config.ImageSize, preprocessing);
        switch (model)
        {
            case VisionTransformer transformer:
                VitGraph.Add(network, transformer.Config, pixels);
                break;
            case ResNet resnet:
                network.Conclude(resnet.Config, ResNetGraph.Add(network, resnet.Config, pixels), "fc");
                break;
            case TinyVit tiny:
                network.Conclude(tiny.Config, TinyVitGraph.Add(network, tiny.Config, pixels), "head.fc");
                break;
            default:
                throw new OnnxException($"{model.Config.Name} is a {model.Config.Family}, of which no ONNX graph can be written");
        }
        return network.Graph.Proto;
    }

    private string Pixels(int side, Preprocessing preprocessing) =>
        Options.WithPreprocessing
            ? PreprocessingLayers.Add(
                Graph,
                preprocessing,
                Graph.Input(OnnxNames.Image, TensorProto.Types.Element.Uint8, Batch, "height", "width", 3)
            )
            : Graph.Input(OnnxNames.Pixels, TensorProto.Types.Element.Float, Batch, 3, side, side);

    // One linear head reads the embedding [B, D].
    private void Conclude(ModelConfig config, string embedding, string head)
    {
        if (Options.Features)
            Graph.Output(Graph.Reshape(OnnxNames.Features, embedding, 0, 1, config.Features), Batch, 1, config.Features);
        if (Options.Embedding || config.Classes == 0)
            Graph.Output(Graph.Add("Identity", OnnxNames.Embedding, [embedding]), Batch, config.Features);
        if (config.Classes > 0)
            Graph.Output(
                Form.Linear(Graph, OnnxNames.Logits, embedding, Weights[$"{head}.weight"], Weights.Find($"{head}.bias")),
                Batch,
                config.Classes
            );
    }
}
