// int8 by calibrated ranges: what a layer reads is quantised and dequantised again, and the runtime makes integer layers of it.

using System.Runtime.InteropServices;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>QuantizeLinear and DequantizeLinear (QDQ) around MatMul and Conv: activations by a range known before, weights int8 by
/// channel.</summary>
/// <param name="calibration">The range of each tensor that is read, and the type that holds it.</param>
/// <param name="most">The largest weight, in steps.</param>
internal sealed class StaticForm(Calibration calibration, int most) : LayerForm
{
    // The rounded tensor of each tensor, and the step of each rounded tensor.
    private readonly Dictionary<string, string> rounded = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (float Step, string Source)> steps = new(StringComparer.Ordinal);

    public override string Convolution(GraphBuilder graph, string name, string input, Kernel kernel)
    {
        using DisposeScope scope = NewDisposeScope();
        string read = Rounded(graph, input);
        Int8Weight weight = Int8Weight.Of(kernel.Weight, most);
        // TensorRT adds the bias itself, in floating point; ONNX Runtime has integer convolutions for a bias of their own step alone.
        bool whole = calibration.Activations == ActivationType.QUInt8 && kernel.Bias is not null;
        if (whole)
            weight = weight.Holding(kernel.Bias!, steps[read].Step);
        (string values, string scales) = weight.AddTo(graph, $"{name}.weight");
        string back = graph.Add("DequantizeLinear", $"{name}.weight", [values, scales], GraphBuilder.Attribute("axis", 0L));
        string[] bias =
            whole ? [WholeBias(graph, $"{name}.bias", kernel.Bias!, weight, steps[read].Step)]
            : kernel.Bias is { } plain ? [graph.Weight($"{name}.bias", plain)]
            : [];
        return Rounded(graph, kernel.Activated(graph, graph.Add("Conv", name, [read, back, .. bias], kernel.Attributes())));
    }

    public override string Rounded(GraphBuilder graph, string tensor, string? like = null)
    {
        if (steps.ContainsKey(tensor))
            return tensor;
        if (rounded.TryGetValue(tensor, out string? known))
            return known;
        string source = like is null ? tensor : steps[like].Source;
        (float step, string point) =
            calibration.Activations == ActivationType.QInt8 ? Signed(graph, tensor, source) : Unsigned(graph, tensor, source);
        string scale = graph.Scalar($"{tensor}.step", step);
        string quantised = graph.Add("QuantizeLinear", $"{tensor}.quantised", [tensor, scale, point]);
        string result = graph.Add("DequantizeLinear", $"{tensor}.rounded", [quantised, scale, point]);
        steps.Add(result, (step, source));
        rounded.Add(tensor, result);
        return result;
    }

    protected override string Product(GraphBuilder graph, string name, string input, Tensor weight)
    {
        (string values, string scales) = Int8Weight.Of(weight, most).AddTransposedTo(graph, $"{name}.weight");
        string back = graph.Add("DequantizeLinear", $"{name}.weight", [values, scales], GraphBuilder.Attribute("axis", 1L));
        return graph.MatMul(name, Rounded(graph, input), back);
    }

    private (float Step, string Point) Unsigned(GraphBuilder graph, string tensor, string source)
    {
        (float step, byte zero) = calibration.Ranges[source].AsUInt8();
        return (step, graph.Constant($"{tensor}.zero", TensorProto.Types.Element.Uint8, [], [zero]));
    }

    private (float Step, string Point) Signed(GraphBuilder graph, string tensor, string source) =>
        (calibration.Ranges[source].AsInt8(), graph.Constant($"{tensor}.zero", TensorProto.Types.Element.Int8, [], [0]));

    private static string WholeBias(GraphBuilder graph, string name, Tensor bias, Int8Weight weight, float step)
    {
        float[] plain = bias.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray(),
            scales = [.. weight.Scales.Select(scale => scale * step)];
        int[] values = [.. plain.Zip(scales, (value, scale) => (int)Math.Round((double)value / scale))];
        string whole = graph.Constant(
            $"{name}.int32",
            TensorProto.Types.Element.Int32,
            [values.Length],
            MemoryMarshal.AsBytes<int>(values)
        );
        return graph.Add("DequantizeLinear", name, [whole, graph.Floats($"{name}.scales", scales)], GraphBuilder.Attribute("axis", 0L));
    }
}
