// The Vision Transformer itself.

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

    /// <summary>Share of patch tokens dropped (training only), 0–1 exclusive; CLS and other prefix tokens stay. With a drop, hidden outputs hold only the kept tokens.</summary>
    public double PatchDropout { get; init; }

    /// <summary>Kept patch indices <c>[B, K]</c> (int64, sorted), overriding the random choice of <see cref="PatchDropout"/>.</summary>
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

/// <summary>A ViT of timm's family (ViT, DeiT, DeiT-distilled, DeiT-III, DINOv2 with registers). Parameter names are timm's.</summary>
public sealed class VisionTransformer : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    /// <summary>Builds a randomly initialised model (trunc-normal 0.02 as timm) from <paramref name="seed"/>.</summary>
    public VisionTransformer(VitConfig config, long seed = 0) : base(nameof(VisionTransformer)) => throw new NotImplementedException();

    /// <summary>The architecture.</summary>
    public VitConfig Config => throw new NotImplementedException();

    /// <summary>Logits <c>[B, C]</c> of normalised pixels <c>[B, 3, S, S]</c>.</summary>
    public override torch.Tensor forward(torch.Tensor pixels) => throw new NotImplementedException();

    /// <summary>The same with captures.</summary>
    public VitOutput Run(torch.Tensor pixels, VitCapture capture) => throw new NotImplementedException();

    /// <summary>Parameters by timm name, in timm's order (live tensors, not copies).</summary>
    public IReadOnlyDictionary<string, torch.Tensor> StateDict() => throw new NotImplementedException();
}
