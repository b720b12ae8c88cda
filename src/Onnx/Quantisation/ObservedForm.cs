// Single precision, with all that is to be rounded shown to who calibrates.

using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Layers;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>A float graph in which each tensor that <see cref="StaticForm"/> rounds by a range of its own is an output.</summary>
internal sealed class ObservedForm : FloatForm
{
    private const string Ending = ".seen";
    private readonly HashSet<string> outputs = new(StringComparer.Ordinal);

    /// <summary>The outputs to look at.</summary>
    public IReadOnlyCollection<string> Outputs => outputs;

    /// <summary>The tensor that an output shows.</summary>
    public static string TensorOf(string output) => output[..^Ending.Length];

    public override string Convolution(GraphBuilder graph, string name, string input, Kernel kernel)
    {
        Show(graph, input);
        return Rounded(graph, base.Convolution(graph, name, input, kernel));
    }

    public override string Rounded(GraphBuilder graph, string tensor, string? like = null)
    {
        // Rounded as another one is: it has no range of its own.
        if (like is null)
            Show(graph, tensor);
        return tensor;
    }

    protected override string Product(GraphBuilder graph, string name, string input, Tensor weight)
    {
        Show(graph, input);
        return base.Product(graph, name, input, weight);
    }

    private void Show(GraphBuilder graph, string tensor)
    {
        if (!outputs.Add($"{tensor}{Ending}"))
            return;
        graph.OutputOfAnyShape(graph.Add("Identity", $"{tensor}{Ending}", [tensor]));
    }
}
