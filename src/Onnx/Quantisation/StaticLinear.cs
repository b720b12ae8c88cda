// int8 by calibrated ranges: quantise, dequantise, and a MatMul that the runtime turns into an integer one.

using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>QuantizeLinear and DequantizeLinear around MatMul (QDQ): activations uint8 by a range known before, weights int8 by channel.</summary>
/// <param name="ranges">The range of each map's input, by the map's name.</param>
internal sealed class StaticLinear(IReadOnlyDictionary<string, ValueRange> ranges) : LinearForm
{
    protected override string Product(GraphBuilder graph, string name, string input, Tensor weight)
    {
        (string values, string scales) = Int8Weight.Of(weight).AddTo(graph, $"{name}.weight");
        string back = graph.Add("DequantizeLinear", $"{name}.weight", [values, scales], GraphBuilder.Attribute("axis", 1L));
        (float step, byte zero) = ranges[name].AsUInt8();
        string scale = graph.Scalar($"{name}.input.scale", step), point = graph.Constant($"{name}.input.zero", TensorProto.Types.Element.Uint8, [], [zero]);
        string quantised = graph.Add("QuantizeLinear", $"{name}.input.uint8", [input, scale, point]);
        return graph.MatMul(name, graph.Add("DequantizeLinear", $"{name}.input", [quantised, scale, point]), back);
    }
}
