// Multi-head self-attention, and the row of CLS.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;
using TorchSharp;

namespace DataFreeKD.Onnx.Layers;

/// <summary>The attention branch of a block.</summary>
internal static class SelfAttention
{
    /// <summary>Adds the branch of normed tokens <c>[B, T, D]</c>.</summary>
    /// <param name="graph">Receives the nodes.</param>
    /// <param name="config">The shape.</param>
    /// <param name="weights">The parameters.</param>
    /// <param name="form">How linear maps are written.</param>
    /// <param name="name">The branch's name, timm's: <c>blocks.3.attn</c>.</param>
    /// <param name="x">The tokens.</param>
    /// <param name="queries">How many leading tokens need an output; null for all.</param>
    /// <returns>The branch <c>[B, queries, D]</c> and the attention probabilities <c>[B, H, queries, T]</c>.</returns>
    public static (string Branch, string Probabilities) Add(
        GraphBuilder graph,
        VitConfig config,
        Weights weights,
        LayerForm form,
        string name,
        string x,
        int? queries
    )
    {
        (string q, string k, string v) = queries is { } some
            ? Apart(graph, config, weights, form, name, x, some)
            : Together(graph, weights, form, name, x);
        long heads = config.Heads,
            side = config.Width / heads;
        string Heads(string what, string tensor, params long[] order) =>
            graph.Transpose($"{name}.{what}", graph.Reshape($"{name}.{what}.apart", tensor, 0, 0, heads, side), order);

        string scaled = graph.Product(
            $"{name}.q.scaled",
            Heads("q", q, 0, 2, 1, 3),
            graph.Scalar($"{name}.scale", (float)(1 / Math.Sqrt(side)))
        );
        string probabilities = graph.Softmax($"{name}.softmax", graph.MatMul($"{name}.scores", scaled, Heads("k", k, 0, 2, 3, 1)));
        string mixed = graph.Transpose(
            $"{name}.mixed.apart",
            graph.MatMul($"{name}.mixed.heads", probabilities, Heads("v", v, 0, 2, 1, 3)),
            0,
            2,
            1,
            3
        );
        return (
            form.Linear(
                graph,
                $"{name}.proj",
                graph.Reshape($"{name}.mixed", mixed, 0, 0, config.Width),
                weights[$"{name}.proj.weight"],
                weights.Find($"{name}.proj.bias")
            ),
            probabilities
        );
    }

    private static (string Q, string K, string V) Together(GraphBuilder graph, Weights weights, LayerForm form, string name, string x)
    {
        string[] parts = graph.Split(
            $"{name}.parts",
            form.Linear(graph, $"{name}.qkv", x, weights[$"{name}.qkv.weight"], weights.Find($"{name}.qkv.bias")),
            -1,
            3
        );
        return (parts[0], parts[1], parts[2]);
    }

    // Queries of a few tokens, keys and values of all.
    private static (string Q, string K, string V) Apart(
        GraphBuilder graph,
        VitConfig config,
        Weights weights,
        LayerForm form,
        string name,
        string x,
        int queries
    )
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long width = config.Width;
        torch.Tensor weight = weights[$"{name}.qkv.weight"];
        torch.Tensor? bias = weights.Find($"{name}.qkv.bias");
        string q = form.Linear(
            graph,
            $"{name}.q_only",
            graph.Slice($"{name}.read", x, 1, 0, queries),
            weight.narrow(0, 0, width),
            bias?.narrow(0, 0, width)
        );
        string[] kv = graph.Split(
            $"{name}.parts",
            form.Linear(graph, $"{name}.kv_only", x, weight.narrow(0, width, 2 * width), bias?.narrow(0, width, 2 * width)),
            -1,
            2
        );
        return (q, kv[0], kv[1]);
    }
}
