// Prefix tokens before the patches, and their positions.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Layers;

/// <summary>What goes into the first block.</summary>
internal static class Tokens
{
    // In their order before the patches; the first is always there.
    private static readonly string[] Prefix = ["cls_token", "dist_token", "reg_token"];

    /// <summary>Patches <c>[B, N, D]</c> to all tokens with their positions, <c>[B, T, D]</c>; <paramref name="aligned"/> are tokens <c>[B,
    /// 1, D]</c> that each image has of its own, between CLS and the patches.</summary>
    public static string Add(GraphBuilder graph, VitConfig config, Weights weights, string patches, params string[] aligned)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = weights["pos_embed"];
        string placed = graph.Sum(
            "tokens.patches",
            patches,
            graph.Weight("tokens.positions", positions.narrow(1, config.EmbeddedPrefix, config.Patches))
        );

        // The same for every image: added up here, once.
        Tensor prefix = cat([.. Prefix.Select(weights.Find).OfType<Tensor>()], 1);
        long shared = prefix.shape[1];
        if (config.EmbeddedPrefix > 0)
            prefix = prefix + positions.narrow(1, 0, shared);
        string batch = graph.Add(
            "Shape",
            "tokens.batch",
            [patches],
            GraphBuilder.Attribute("start", 0L),
            GraphBuilder.Attribute("end", 1L)
        );
        string shape = graph.Concat("tokens.prefix_shape", 0, batch, graph.Whole("tokens.prefix_sides", shared, config.Width));
        string spread = graph.Add("Expand", "tokens.prefix", [graph.Weight("tokens.prefix_values", prefix), shape]);
        string[] own =
        [
            .. aligned.Select(
                (token, at) =>
                    config.EmbeddedPrefix == 0
                        ? token
                        : graph.Sum($"{token}.placed", token, graph.Weight($"{token}.position", positions.narrow(1, shared + at, 1)))
            ),
        ];
        string tokens = graph.Concat("tokens", 1, [spread, .. own, placed]);
        return config.PreNorm ? Norm.Add(graph, weights, "norm_pre", tokens, config.LayerNormEpsilon) : tokens;
    }
}
