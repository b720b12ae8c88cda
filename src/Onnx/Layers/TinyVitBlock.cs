// One block of TinyViT: windowed attention, a depthwise convolution, an MLP.

using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Over maps with channels last, as the linear maps want them.</summary>
internal static class TinyVitBlock
{
    /// <summary><c>[B, side, side, C]</c> to the same shape.</summary>
    public static string Add(GraphBuilder graph, Weights weights, LayerForm form, string name, string x, long side, long heads, long window)
    {
        string attended = graph.Sum($"{name}.between", x, Windowed(graph, weights, form, name, x, side, heads, window));
        string planes = graph.Transpose($"{name}.planes", attended, 0, 3, 1, 2);
        string local = ConvNorm.Add(graph, weights, form, $"{name}.local_conv.conv", $"{name}.local_conv.bn", planes, kernel =>
            kernel with
            {
                Groups = kernel.Weight.shape[0],
            }
        );
        string rows = graph.Transpose($"{name}.rows", local, 0, 2, 3, 1);
        string hidden = form.Linear(
            graph,
            $"{name}.mlp.fc1",
            Norm.Add(graph, weights, $"{name}.mlp.norm", rows, 1e-5),
            weights[$"{name}.mlp.fc1.weight"],
            weights.Find($"{name}.mlp.fc1.bias")
        );
        string mlp = form.Linear(
            graph,
            $"{name}.mlp.fc2",
            Gelu.Add(graph, $"{name}.mlp.act", hidden),
            weights[$"{name}.mlp.fc2.weight"],
            weights.Find($"{name}.mlp.fc2.bias")
        );
        return graph.Sum(name, rows, mlp);
    }

    // Zeros are added below and to the right until windows fit, and attend like any position, as in the published model.
    private static string Windowed(
        GraphBuilder graph,
        Weights weights,
        LayerForm form,
        string name,
        string x,
        long side,
        long heads,
        long window
    )
    {
        long across = (side + window - 1) / window,
            whole = across * window,
            missing = whole - side,
            width = weights[$"{name}.attn.norm.weight"].shape[0];
        string padded =
            missing == 0
                ? x
                : graph.Add("Pad", $"{name}.attn.padded", [x, graph.Whole($"{name}.attn.pads", 0, 0, 0, 0, 0, missing, missing, 0)]);
        string cut = graph.Transpose(
            $"{name}.attn.sorted",
            graph.Reshape($"{name}.attn.cut", padded, 0, across, window, across, window, width),
            0,
            1,
            3,
            2,
            4,
            5
        );
        string tokens = graph.Reshape($"{name}.attn.windows", cut, -1, window * window, width);
        string attended = WindowAttention.Add(graph, weights, form, $"{name}.attn", tokens, heads, window);
        string back = graph.Transpose(
            $"{name}.attn.back",
            graph.Reshape($"{name}.attn.apart", attended, -1, across, across, window, window, width),
            0,
            1,
            3,
            2,
            4,
            5
        );
        string map = graph.Reshape($"{name}.attn.map", back, 0, whole, whole, width);
        return missing == 0 ? map : graph.Slice($"{name}.attn.kept_columns", graph.Slice($"{name}.attn.kept", map, 1, 0, side), 2, 0, side);
    }
}
