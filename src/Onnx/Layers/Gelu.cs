// GELU by the error function.

using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

internal static class Gelu
{
    public static string Add(GraphBuilder graph, string name, string x) =>
        graph.Add("Gelu", name, [x], GraphBuilder.Attribute("approximate", "none"));
}
