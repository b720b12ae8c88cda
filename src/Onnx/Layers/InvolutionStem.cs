// The stem of a RedNet, which a Co-advise student has too: convolution, involution, convolution.

using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

internal static class InvolutionStem
{
    /// <summary>Pixels <c>[B, 3, S, S]</c> to <c>[B, width, S / stride, S / stride]</c>.</summary>
    public static string Add(GraphBuilder graph, Weights weights, LayerForm form, string name, string pixels, long imageSize, long stride)
    {
        // Numbered as the sequence of the official code, in which 3 is a ReLU.
        string first = ConvNorm.Add(graph, weights, form, $"{name}.0.conv", $"{name}.0.bn", pixels, kernel =>
            kernel with
            {
                Stride = stride,
                Relu = true,
            }
        );
        InvolutionShape shape = new(weights[$"{name}.0.conv.weight"].shape[0], (imageSize + stride - 1) / stride, 3);
        string normed = ConvNorm.Alone(graph, weights, $"{name}.2", Involution.Add(graph, weights, form, $"{name}.1", first, shape));
        return ConvNorm.Add(graph, weights, form, $"{name}.4.conv", $"{name}.4.bn", normed, kernel => kernel with { Relu = true });
    }
}
