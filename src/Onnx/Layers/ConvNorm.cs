// A convolution with its BatchNorm, and a BatchNorm that follows no convolution.

using DataFreeKD.Onnx.Graph;
using TorchSharp;

namespace DataFreeKD.Onnx.Layers;

internal static class ConvNorm
{
    /// <summary>The convolution <paramref name="name"/> and the norm <paramref name="norm"/> as one node; <paramref name="shape"/> sets
    /// stride, groups and ReLU.</summary>
    public static string Add(
        GraphBuilder graph,
        Weights weights,
        LayerForm form,
        string name,
        string norm,
        string x,
        Func<Kernel, Kernel>? shape = null
    )
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Kernel kernel = Kernel.WithNorm(weights, name, norm);
        return form.Convolution(graph, name, x, shape is null ? kernel : shape(kernel));
    }

    /// <summary>The norm <paramref name="name"/> of what is no convolution's result, and a ReLU.</summary>
    public static string Alone(GraphBuilder graph, Weights weights, string name, string x)
    {
        string[] parameters =
        [
            .. ((string[])["weight", "bias", "running_mean", "running_var"]).Select(part =>
                graph.Weight($"{name}.{part}", weights[$"{name}.{part}"])
            ),
        ];
        return graph.Add(
            "Relu",
            $"{name}.relu",
            [graph.Add("BatchNormalization", name, [x, .. parameters], GraphBuilder.Attribute("epsilon", 1e-5f))]
        );
    }
}
