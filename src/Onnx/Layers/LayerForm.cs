// How linear maps and convolutions are written: the one place where float and int8 graphs differ.

using DataFreeKD.Onnx.Graph;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Writes the nodes of layers with weights.</summary>
internal abstract class LayerForm
{
    /// <summary>Adds <c>x Wᵀ + b</c> over the last axis.</summary>
    /// <param name="graph">Receives the nodes.</param>
    /// <param name="name">The result's name; what is between gets names below it.</param>
    /// <param name="input">The tensor to map, <c>[..., in]</c>.</param>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c>, or null.</param>
    /// <returns>The name of <c>[..., out]</c>.</returns>
    public string Linear(GraphBuilder graph, string name, string input, Tensor weight, Tensor? bias)
    {
        if (bias is null)
            return Product(graph, name, input, weight);
        return graph.Sum(name, Product(graph, $"{name}.product", input, weight), graph.Weight($"{name}.bias", bias));
    }

    /// <summary>Adds a convolution of a map <c>[B, C, H, W]</c>.</summary>
    /// <param name="graph">Receives the nodes.</param>
    /// <param name="name">The convolution's name; with a ReLU the result's is <c>name.relu</c>.</param>
    /// <param name="input">The map.</param>
    /// <param name="kernel">Weights and shape.</param>
    /// <returns>The name of <c>[B, out, H', W']</c>.</returns>
    public abstract string Convolution(GraphBuilder graph, string name, string input, Kernel kernel);

    /// <summary>A map that several layers read, as they shall all read it: rounded once where activations are.</summary>
    /// <param name="graph">Receives the nodes.</param>
    /// <param name="tensor">The map.</param>
    /// <param name="like">A map whose values this one's are a part of, as after pooling: both are rounded alike. Null for a range of its
    /// own.</param>
    public virtual string Rounded(GraphBuilder graph, string tensor, string? like = null) => tensor;

    /// <summary>The linear map without the bias.</summary>
    protected abstract string Product(GraphBuilder graph, string name, string input, Tensor weight);
}

/// <summary>Single precision: MatMul and Conv.</summary>
internal class FloatForm : LayerForm
{
    public override string Convolution(GraphBuilder graph, string name, string input, Kernel kernel)
    {
        string[] parameters =
        [
            input,
            graph.Weight($"{name}.weight", kernel.Weight),
            .. kernel.Bias is { } bias ? [graph.Weight($"{name}.bias", bias)] : Array.Empty<string>(),
        ];
        return kernel.Activated(graph, graph.Add("Conv", name, parameters, kernel.Attributes()));
    }

    protected override string Product(GraphBuilder graph, string name, string input, Tensor weight) =>
        graph.MatMul(name, input, graph.Weight($"{name}.weight", weight.t()));
}
