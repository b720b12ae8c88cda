// Single precision, with every input shown to who calibrates.

using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>A MatMul whose input becomes an output of the graph.</summary>
internal sealed class ObservedLinear : LinearForm
{
    private readonly Dictionary<string, string> inputs = new(StringComparer.Ordinal);

    /// <summary>The observed tensor of each map, by the map's name.</summary>
    public IReadOnlyDictionary<string, string> Inputs => inputs;

    protected override string Product(GraphBuilder graph, string name, string input, Tensor weight)
    {
        string seen = graph.Add("Identity", $"{name}.seen", [input]);
        graph.OutputOfAnyShape(seen);
        inputs.Add(name, seen);
        return graph.MatMul(name, input, graph.Weight($"{name}.weight", weight.t()));
    }
}
