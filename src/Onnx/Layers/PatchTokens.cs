// Pixels to patch tokens.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;
using TorchSharp;

namespace DataFreeKD.Onnx.Layers;

/// <summary>The patch projection. Its stride is its kernel, so that it is a linear map of each patch's pixels.</summary>
internal static class PatchTokens
{
    /// <summary><c>[B, 3, S, S]</c> to <c>[B, N, D]</c>.</summary>
    public static string Add(GraphBuilder graph, VitConfig config, Weights weights, LayerForm form, string pixels)
    {
        long grid = config.Grid,
            patch = config.PatchSize;
        string cut = graph.Reshape("patch_embed.cut", pixels, 0, 3, grid, patch, grid, patch);
        string sorted = graph.Transpose("patch_embed.sorted", cut, 0, 2, 4, 1, 3, 5);
        string rows = graph.Reshape("patch_embed.rows", sorted, 0, grid * grid, 3 * patch * patch);
        using DisposeScope scope = torch.NewDisposeScope();
        return form.Linear(
            graph,
            "patch_embed.proj",
            rows,
            weights["patch_embed.proj.weight"].view(config.Width, -1),
            weights.Find("patch_embed.proj.bias")
        );
    }
}
