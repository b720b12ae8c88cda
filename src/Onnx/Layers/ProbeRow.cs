// The attention probe as an output: where CLS looks.

using System.Globalization;
using DataFreeKD.Models;
using DataFreeKD.Onnx.Graph;

namespace DataFreeKD.Onnx.Layers;

internal static class ProbeRow
{
    /// <summary>The output's name of a block.</summary>
    public static string NameOf(int block) => string.Create(CultureInfo.InvariantCulture, $"probe_{block}");

    /// <summary>From probabilities <c>[B, H, queries, T]</c> to <c>probe_B</c> <c>[B, N]</c>: the row of CLS over the patches, the mean
    /// over heads, brought to sum 1.</summary>
    public static void Add(GraphBuilder graph, VitConfig config, int block, string probabilities)
    {
        string name = NameOf(block);
        string cls = graph.Pick($"{name}.cls", probabilities, 2, 0);
        string patches = graph.Slice($"{name}.patches", cls, 2, config.PrefixTokens, config.PrefixTokens + config.Patches);
        string mean = graph.Mean($"{name}.mean", patches, 1, keep: false);
        graph.Output(graph.Add("Div", name, [mean, graph.Total($"{name}.total", mean, -1)]), Networks.Network.Batch, config.Patches);
    }
}
