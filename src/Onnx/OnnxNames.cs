// Names of the graph's inputs and outputs.

namespace DataFreeKD.Onnx;

/// <summary>Names of the graph's inputs and outputs.</summary>
internal static class OnnxNames
{
    /// <summary>Input: normalised pixels <c>[B, 3, S, S]</c>, float32.</summary>
    public const string Pixels = "pixels";

    /// <summary>Input of a graph with preprocessing: RGB <c>[B, H, W, 3]</c>, uint8.</summary>
    public const string Image = "image";

    /// <summary>Output: <c>[B, C]</c>.</summary>
    public const string Logits = "logits";

    /// <summary>Output: CLS after the final norm, <c>[B, D]</c>.</summary>
    public const string Embedding = "embedding";

    /// <summary>Output: what each head reads, <c>[B, K, D]</c>.</summary>
    public const string Features = "features";

    /// <summary>Output: the attention probe of a block, <c>[B, N]</c>; each row sums to 1.</summary>
    public static string Probe(int block) => Layers.ProbeRow.NameOf(block);
}
