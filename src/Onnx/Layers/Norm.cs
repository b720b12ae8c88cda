// LayerNorm over the channels.

using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

internal static class Norm
{
    /// <summary><c>[..., D]</c> to the same shape; the parameters are <c>name.weight</c> and <c>name.bias</c>.</summary>
    public static string Add(GraphBuilder graph, Weights weights, string name, string x, double epsilon) =>
        graph.Add(
            "LayerNormalization",
            name,
            [x, graph.Weight($"{name}.weight", weights[$"{name}.weight"]), graph.Weight($"{name}.bias", weights[$"{name}.bias"])],
            GraphBuilder.Attribute("axis", -1L),
            GraphBuilder.Attribute("epsilon", (float)epsilon)
        );
}
