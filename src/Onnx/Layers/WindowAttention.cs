// Attention inside square windows with a learned bias for each distance.

using DataFreeKD.Onnx.Graph;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Layers;

/// <summary>TinyViT's pre-normed attention over the tokens of a window.</summary>
internal static class WindowAttention
{
    /// <summary>Tokens <c>[B·windows, window², D]</c> to the same shape.</summary>
    public static string Add(GraphBuilder graph, Weights weights, LayerForm form, string name, string x, long heads, long window)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = weights[$"{name}.qkv.weight"];
        long width = weight.shape[1],
            head = width / heads,
            tokens = window * window;
        string qkv = form.Linear(
            graph,
            $"{name}.qkv",
            Norm.Add(graph, weights, $"{name}.norm", x, 1e-5),
            weight,
            weights.Find($"{name}.qkv.bias")
        );
        // Queries, keys and values stand together for each head, unlike in a ViT.
        string[] parts = graph.Split($"{name}.parts", graph.Reshape($"{name}.heads", qkv, 0, tokens, heads, 3 * head), -1, 3);
        string queries = graph.Product(
            $"{name}.q.scaled",
            graph.Transpose($"{name}.q", parts[0], 0, 2, 1, 3),
            graph.Scalar($"{name}.scale", (float)(1 / Math.Sqrt(head)))
        );
        string scores = graph.MatMul($"{name}.scores", queries, graph.Transpose($"{name}.k", parts[1], 0, 2, 3, 1));
        string biased = graph.Sum(
            $"{name}.biased",
            scores,
            graph.Weight(
                $"{name}.bias",
                weights[$"{name}.attention_biases"].index_select(1, Offsets(window)).view(1, heads, tokens, tokens)
            )
        );
        string mixed = graph.MatMul(
            $"{name}.mixed.heads",
            graph.Softmax($"{name}.softmax", biased),
            graph.Transpose($"{name}.v", parts[2], 0, 2, 1, 3)
        );
        string joined = graph.Reshape($"{name}.mixed", graph.Transpose($"{name}.mixed.apart", mixed, 0, 2, 1, 3), 0, tokens, width);
        return form.Linear(graph, $"{name}.proj", joined, weights[$"{name}.proj.weight"], weights.Find($"{name}.proj.bias"));
    }

    // |Δrow|·window + |Δcolumn| of every pair of positions: the biases are numbered so.
    private static Tensor Offsets(long window)
    {
        Tensor rows = arange(window * window, ScalarType.Int64).div(window, RoundingMode.floor),
            columns = arange(window * window, ScalarType.Int64).remainder(window);
        return ((Apart(rows) * window) + Apart(columns)).flatten();

        static Tensor Apart(Tensor places) => (places.unsqueeze(1) - places.unsqueeze(0)).abs();
    }
}
