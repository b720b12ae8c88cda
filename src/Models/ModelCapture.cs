// What a forward pass should keep beside the logits.

using TorchSharp;

namespace DataFreeKD.Models;

/// <summary>What a forward pass should keep beside the logits.</summary>
public sealed record ModelCapture
{
    /// <summary>Nothing but logits.</summary>
    public static ModelCapture None { get; } = new();

    /// <summary>Blocks (0-based) whose CLS-to-patch attention row is wanted: computed aside from q_cls and K, O(N).</summary>
    public IReadOnlyList<int> ClsRowBlocks { get; init; } = [];

    /// <summary>Blocks whose output tokens <c>[B, T, D]</c> are wanted.</summary>
    public IReadOnlyList<int> HiddenBlocks { get; init; } = [];

    /// <summary>Whether all tokens after the final norm are wanted, <c>[B, T, D]</c>.</summary>
    public bool NormedTokens { get; init; }

    /// <summary>Blocks whose queries, keys and values are wanted, from which every attention map follows.</summary>
    public IReadOnlyList<int> QkvBlocks { get; init; } = [];

    /// <summary>Blocks whose attention, averaged over heads, is wanted: computed aside, O(T²).</summary>
    public IReadOnlyList<int> AttentionBlocks { get; init; } = [];

    /// <summary>Share of patch tokens dropped (training only), 0–1 exclusive; CLS and other prefix tokens stay. With a drop, hidden outputs
    /// hold only the kept tokens.</summary>
    public double PatchDropout { get; init; }

    /// <summary>Patches that each block merges into similar ones (ToMe, arXiv 2210.09461), 0 for none: faster, with other figures. CLS rows
    /// are spread over all patches again; outputs, parts and maps of blocks are not to be had with it.</summary>
    public int MergedPatches { get; init; }

    /// <summary>Kept patch indices <c>[B, K]</c> (int64, sorted), overriding the random choice of <see cref="PatchDropout"/>.</summary>
    public torch.Tensor? KeptPatches { get; init; }
}
