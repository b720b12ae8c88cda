// int8 without calibration: activations are quantised as they come.

using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>DynamicQuantizeLinear, MatMulInteger, and the product of both scales: activations uint8 by the range of each tensor, weights int8 by channel.</summary>
internal sealed class DynamicLinear : LinearForm
{
    protected override string Product(GraphBuilder graph, string name, string input, Tensor weight)
    {
        (string values, string scales) = Int8Weight.Of(weight).AddTo(graph, $"{name}.weight");
        string[] quantised = graph.Add("DynamicQuantizeLinear", $"{name}.input", [input], 3);
        string whole = graph.Add("MatMulInteger", $"{name}.whole", [quantised[0], values, quantised[2]]);
        string plain = graph.Add("Cast", $"{name}.plain", [whole], GraphBuilder.Attribute("to", (long)TensorProto.Types.Element.Float));
        return graph.Product(name, plain, graph.Product($"{name}.scale", quantised[1], scales));
    }
}
