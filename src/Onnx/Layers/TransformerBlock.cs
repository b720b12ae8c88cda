// One pre-norm transformer block.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

internal static class TransformerBlock
{
    /// <summary>Tokens <c>[B, T, D]</c> to <c>[B, queries, D]</c>, with the block's attention probabilities.</summary>
    /// <inheritdoc cref="SelfAttention.Add"/>
    public static (string Tokens, string Probabilities) Add(
        GraphBuilder graph,
        VitConfig config,
        Weights weights,
        LayerForm form,
        string name,
        string x,
        int? queries
    )
    {
        (string branch, string probabilities) = SelfAttention.Add(
            graph,
            config,
            weights,
            form,
            $"{name}.attn",
            Norm.Add(graph, weights, $"{name}.norm1", x, config.LayerNormEpsilon),
            queries
        );
        string kept = queries is { } some ? graph.Slice($"{name}.kept", x, 1, 0, some) : x;
        string between = graph.Sum($"{name}.between", kept, Scaled(graph, weights, $"{name}.ls1", branch));
        string mlp = FeedForward.Add(
            graph,
            config,
            weights,
            form,
            $"{name}.mlp",
            Norm.Add(graph, weights, $"{name}.norm2", between, config.LayerNormEpsilon)
        );
        return (graph.Sum(name, between, Scaled(graph, weights, $"{name}.ls2", mlp)), probabilities);
    }

    private static string Scaled(GraphBuilder graph, Weights weights, string name, string branch) =>
        weights.Find($"{name}.gamma") is { } gamma ? graph.Product(name, branch, graph.Weight($"{name}.gamma", gamma)) : branch;
}
