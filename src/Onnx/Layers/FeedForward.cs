// The feed-forward branch of a block: GELU by the error function, or SwiGLU.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

internal static class FeedForward
{
    /// <summary>Normed tokens <c>[B, T, D]</c> to the branch of the same shape; <paramref name="name"/> is timm's:
    /// <c>blocks.3.mlp</c>.</summary>
    public static string Add(GraphBuilder graph, VitConfig config, Weights weights, LayerForm form, string name, string x)
    {
        string hidden = form.Linear(graph, $"{name}.fc1", x, weights[$"{name}.fc1.weight"], weights.Find($"{name}.fc1.bias"));
        string active = config.SwiGlu ? Gated(graph, name, hidden) : Gelu.Add(graph, $"{name}.act", hidden);
        return form.Linear(graph, $"{name}.fc2", active, weights[$"{name}.fc2.weight"], weights.Find($"{name}.fc2.bias"));
    }

    private static string Gated(GraphBuilder graph, string name, string hidden)
    {
        string[] halves = graph.Split($"{name}.halves", hidden, -1, 2);
        string silu = graph.Product($"{name}.silu", halves[0], graph.Add("Sigmoid", $"{name}.sigmoid", [halves[0]]));
        return graph.Product($"{name}.act", silu, halves[1]);
    }
}
