// What a graph takes and gives.

namespace DataFreeKD.Onnx;

/// <summary>What a graph takes and gives beside logits; a model without a head always gives its embedding.</summary>
public sealed record GraphOptions
{
    /// <summary>Blocks (0-based) whose attention probe is an output, <c>probe_B</c> <c>[B, N]</c>.</summary>
    public IReadOnlyList<int> ProbeBlocks { get; init; } = [];

    /// <summary>Whether <c>embedding</c> <c>[B, D]</c> is an output.</summary>
    public bool Embedding { get; init; }

    /// <summary>Whether <c>features</c> <c>[B, K, D]</c>, what each head reads, is an output.</summary>
    public bool Features { get; init; }

    /// <summary>Takes RGB bytes of any size, <c>image</c> <c>[B, H, W, 3]</c>, and resizes, crops and normalises them itself.</summary>
    public bool WithPreprocessing { get; init; }

    /// <summary>int8 weights of the whole range, −127..127, in place of −64..64: exact to a bit more, and wrong on x86 processors without
    /// VNNI, whose products with uint8 saturate. Static int8 of signed activations always has the whole range.</summary>
    public bool FullRange { get; init; }
}
