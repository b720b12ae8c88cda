// What the classifier heads read, and their logits.

using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

internal static class Heads
{
    // In the order of the tokens that they read.
    private static readonly string[] Names = ["head", "head_dist", "head_conv", "head_inv"];

    /// <summary>Final-normed tokens <c>[B, K, D]</c> to logits <c>[B, C]</c>: the mean over heads where there are several.</summary>
    public static string Add(GraphBuilder graph, Weights weights, LayerForm form, string normed)
    {
        string[] names = [.. Names.Where(name => weights.Find($"{name}.weight") is not null)];
        string[] each =
        [
            .. names.Select(
                (name, token) =>
                    form.Linear(
                        graph,
                        names.Length == 1 ? OnnxNames.Logits : name,
                        graph.Pick($"{name}.token", normed, 1, token),
                        weights[$"{name}.weight"],
                        weights.Find($"{name}.bias")
                    )
            ),
        ];
        return each.Length == 1 ? each[0] : graph.Add("Mean", OnnxNames.Logits, each);
    }
}
