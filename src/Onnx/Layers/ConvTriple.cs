// Three convolutions with GELU between: TinyViT's MBConv and its step between stages.

using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

/// <summary>1×1 to more channels, depthwise 3×3, 1×1.</summary>
internal static class ConvTriple
{
    /// <summary>A map <c>[B, C, H, W]</c>; with a stride of 1 the input is added and a GELU ends the block.</summary>
    public static string Add(GraphBuilder graph, Weights weights, LayerForm form, string name, string x, long stride)
    {
        string wide = Gelu.Add(graph, $"{name}.act1", Convolved(1, x));
        string moved = Gelu.Add(
            graph,
            $"{name}.act2",
            Convolved(2, wide, kernel => kernel with { Stride = stride, Groups = kernel.Weight.shape[0] })
        );
        string branch = Convolved(3, moved);
        return stride == 1 ? Gelu.Add(graph, name, graph.Sum($"{name}.sum", branch, x)) : branch;

        string Convolved(int number, string map, Func<Kernel, Kernel>? shape = null) =>
            ConvNorm.Add(graph, weights, form, $"{name}.conv{number}.conv", $"{name}.conv{number}.bn", map, shape);
    }
}
