// The two stems of a Co-advise student: patch tokens by convolution and by involution, and the token aligned with each.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;
using TorchSharp;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Ren et al., "Co-advise", CVPR 2022.</summary>
internal static class TokenStems
{
    /// <summary><c>[B, 3, S, S]</c> to the sum of both stems <c>[B, N, D]</c> and the mean of each, <c>[B, 1, D]</c>.</summary>
    public static (string Patches, string[] Aligned) Add(
        GraphBuilder graph,
        VitConfig config,
        Weights weights,
        LayerForm form,
        string pixels
    )
    {
        string convolved = Projected(
            graph,
            config,
            weights,
            form,
            "conv_embed",
            Convolutions(graph, weights, form, "conv_embed.conv", pixels)
        );
        string involved = Projected(
            graph,
            config,
            weights,
            form,
            "inv_embed",
            InvolutionStem.Add(graph, weights, form, "inv_embed.stem", pixels, config.ImageSize, 2)
        );
        return (
            graph.Sum("patch_embed.sum", convolved, involved),
            [graph.Mean("conv_embed.token", convolved, 1, keep: true), graph.Mean("inv_embed.token", involved, 1, keep: true)]
        );
    }

    // Numbered as the sequence of the official code, in which every third is a ReLU.
    private static string Convolutions(GraphBuilder graph, Weights weights, LayerForm form, string name, string x)
    {
        for (int i = 0; i < 9; i += 3)
            x = ConvNorm.Add(graph, weights, form, $"{name}.{i}", $"{name}.{i + 1}", x, kernel =>
                kernel with
                {
                    Stride = i == 0 ? 2 : 1,
                    Relu = true,
                }
            );
        return x;
    }

    private static string Projected(GraphBuilder graph, VitConfig config, Weights weights, LayerForm form, string name, string map)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        string patches = form.Convolution(
            graph,
            $"{name}.proj",
            map,
            Kernel.Of(weights, $"{name}.proj") with
            {
                Stride = config.PatchSize / 2,
                Padding = 0,
            }
        );
        return graph.Transpose($"{name}.tokens", graph.Reshape($"{name}.flat", patches, 0, config.Width, -1), 0, 2, 1);
    }
}
