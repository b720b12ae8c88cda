// What a forward pass keeps beside the logits, and what it gives.

using TorchSharp;

namespace DataFreeKD.Models;

/// <summary>What a forward pass should keep beside the logits.</summary>
public sealed record VitCapture
{
    /// <summary>Nothing but logits.</summary>
    public static VitCapture None { get; } = new();

    /// <summary>Blocks (0-based) whose CLS-to-patch attention row is wanted: computed aside from q_cls and K, O(N).</summary>
    public IReadOnlyList<int> ClsRowBlocks { get; init; } = [];

    /// <summary>Blocks whose output tokens <c>[B, T, D]</c> are wanted.</summary>
    public IReadOnlyList<int> HiddenBlocks { get; init; } = [];

    /// <summary>Kept patch indices <c>[B, K]</c> (int64), for patch dropout in training; prefix tokens always stay, and hidden outputs hold only the kept tokens. Null keeps all.</summary>
    public torch.Tensor? KeptPatches { get; init; }
}

/// <summary>What a forward pass gave. Tensors belong to the caller's dispose scope.</summary>
public sealed record VitOutput
{
    /// <summary><c>[B, C]</c>; null for a model without a head. For a distilled model the mean of both heads.</summary>
    public torch.Tensor? Logits { get; init; }

    /// <summary><c>[B, C]</c> of the CLS head (distilled models only).</summary>
    public torch.Tensor? LogitsCls { get; init; }

    /// <summary><c>[B, C]</c> of the distillation head (distilled models only).</summary>
    public torch.Tensor? LogitsDist { get; init; }

    /// <summary>CLS embedding after the final norm, <c>[B, D]</c>.</summary>
    public required torch.Tensor Embedding { get; init; }

    /// <summary>Softmaxed CLS-to-patch attention <c>[B, H, N]</c> by block, prefix columns dropped, not renormalised.</summary>
    public IReadOnlyDictionary<int, torch.Tensor> ClsRows { get; init; } = new Dictionary<int, torch.Tensor>();

    /// <summary>Block outputs <c>[B, T, D]</c> by block.</summary>
    public IReadOnlyDictionary<int, torch.Tensor> Hidden { get; init; } = new Dictionary<int, torch.Tensor>();
}
