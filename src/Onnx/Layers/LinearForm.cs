// How a linear map is written: the one place where float and int8 graphs differ.

using DataFreeKD.Onnx.Graph;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Writes the nodes of <c>x Wᵀ + b</c>.</summary>
internal abstract class LinearForm
{
    /// <summary>Adds the map over the last axis.</summary>
    /// <param name="graph">Receives the nodes.</param>
    /// <param name="name">The result's name; what is between gets names below it.</param>
    /// <param name="input">The tensor to map, <c>[..., in]</c>.</param>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c>, or null.</param>
    /// <returns>The name of <c>[..., out]</c>.</returns>
    public string Add(GraphBuilder graph, string name, string input, Tensor weight, Tensor? bias)
    {
        if (bias is null) return Product(graph, name, input, weight);
        return graph.Sum(name, Product(graph, $"{name}.product", input, weight), graph.Weight($"{name}.bias", bias));
    }

    /// <summary>The map without the bias.</summary>
    protected abstract string Product(GraphBuilder graph, string name, string input, Tensor weight);
}

/// <summary>Single precision: one MatMul.</summary>
internal sealed class FloatLinear : LinearForm
{
    protected override string Product(GraphBuilder graph, string name, string input, Tensor weight) => graph.MatMul(name, input, graph.Weight($"{name}.weight", weight.t()));
}
