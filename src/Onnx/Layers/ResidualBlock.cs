// The residual blocks of ResNet and RedNet.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Two 3×3 convolutions, or 1×1, 3×3 (or involution), 1×1, beside a shortcut.</summary>
internal static class ResidualBlock
{
    private const long InvolutionSide = 7;

    /// <summary>A map <c>[B, C, side, side]</c> to <c>[B, C', side / stride, side / stride]</c>; <paramref name="name"/> is timm's:
    /// <c>layer2.0</c>.</summary>
    public static string Add(
        GraphBuilder graph,
        ResNetConfig config,
        Weights weights,
        LayerForm form,
        string name,
        string x,
        long side,
        long stride
    )
    {
        string branch = Convolved(1, x, config.Bottleneck ? 1 : stride, relu: true);
        if (config.Involution)
        {
            InvolutionShape shape = new(weights[$"{name}.conv1.weight"].shape[0], side, InvolutionSide, stride);
            branch = ConvNorm.Alone(graph, weights, $"{name}.bn2", Involution.Add(graph, weights, form, $"{name}.conv2", branch, shape));
        }
        else
        {
            branch = Convolved(2, branch, config.Bottleneck ? stride : 1, relu: config.Bottleneck);
        }
        if (config.Bottleneck)
            branch = Convolved(3, branch, 1, relu: false);
        string shortcut = weights.Find($"{name}.downsample.0.weight") is null
            ? x
            : ConvNorm.Add(graph, weights, form, $"{name}.downsample.0", $"{name}.downsample.1", x, kernel =>
                kernel with
                {
                    Stride = stride,
                }
            );
        // The next block reads the sum twice.
        return form.Rounded(graph, graph.Add("Relu", name, [graph.Sum($"{name}.sum", branch, shortcut)]));

        string Convolved(int number, string map, long step, bool relu) =>
            ConvNorm.Add(graph, weights, form, $"{name}.conv{number}", $"{name}.bn{number}", map, kernel =>
                kernel with
                {
                    Stride = step,
                    Relu = relu,
                }
            );
    }
}
