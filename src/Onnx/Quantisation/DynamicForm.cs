// int8 without calibration: activations are quantised as they come.

using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>DynamicQuantizeLinear, an integer product, and the product of both scales: activations uint8 by the range of each tensor,
/// weights of 8 bits by channel.</summary>
/// <param name="most">The largest weight, in steps.</param>
internal sealed class DynamicForm(int most) : LayerForm
{
    private readonly Dictionary<string, string[]> quantised = new(StringComparer.Ordinal);

    public override string Convolution(GraphBuilder graph, string name, string input, Kernel kernel)
    {
        using DisposeScope scope = NewDisposeScope();
        // ONNX Runtime's ConvInteger takes unsigned weights alone: the same values, 128 higher.
        (string values, string scales, string zero) = Int8Weight.Of(kernel.Weight, most).AddUnsignedTo(graph, $"{name}.weight");
        string[] taken = Quantised(graph, input);
        string whole = graph.Add("ConvInteger", $"{name}.whole", [taken[0], values, taken[2], zero], kernel.Attributes());
        string result = Scaled(graph, kernel.Bias is null ? name : $"{name}.product", whole, taken[1], scales);
        if (kernel.Bias is { } bias)
            result = graph.Sum(name, result, graph.Weight($"{name}.bias", bias.view(-1, 1, 1)));
        return kernel.Activated(graph, result);
    }

    protected override string Product(GraphBuilder graph, string name, string input, Tensor weight)
    {
        (string values, string scales) = Int8Weight.Of(weight, most).AddTransposedTo(graph, $"{name}.weight");
        string[] taken = Quantised(graph, input);
        return Scaled(graph, name, graph.Add("MatMulInteger", $"{name}.whole", [taken[0], values, taken[2]]), taken[1], scales);
    }

    private static string Scaled(GraphBuilder graph, string name, string whole, string step, string scales)
    {
        string plain = graph.Add("Cast", $"{name}.plain", [whole], GraphBuilder.Attribute("to", (long)TensorProto.Types.Element.Float));
        return graph.Product(name, plain, graph.Product($"{name}.scale", step, scales));
    }

    // Values, step, zero point.
    private string[] Quantised(GraphBuilder graph, string input)
    {
        if (!quantised.TryGetValue(input, out string[]? taken))
            quantised[input] = taken = graph.Add("DynamicQuantizeLinear", $"{input}.uint8", [input], 3);
        return taken;
    }
}
