// What a forward pass gave.

using TorchSharp;

namespace DataFreeKD.Models;

/// <summary>What a forward pass gave. Tensors belong to the caller's dispose scope.</summary>
public sealed record ModelOutput
{
    /// <summary><c>[B, C]</c>; null for a model without a head. For a distilled model the mean of both heads, for a Co-advise student of
    /// its three.</summary>
    public torch.Tensor? Logits { get; init; }

    /// <summary><c>[B, C]</c> of the CLS head (distilled models and Co-advise students only).</summary>
    public torch.Tensor? LogitsCls { get; init; }

    /// <summary><c>[B, C]</c> of the distillation head (distilled models only).</summary>
    public torch.Tensor? LogitsDist { get; init; }

    /// <summary><c>[B, C]</c> of the convolution token's head (Co-advise students only).</summary>
    public torch.Tensor? LogitsConv { get; init; }

    /// <summary><c>[B, C]</c> of the involution token's head (Co-advise students only).</summary>
    public torch.Tensor? LogitsInv { get; init; }

    /// <summary>CLS after the final norm, <c>[B, D]</c>; of a network that pools its patches the pooled embedding that its head
    /// reads.</summary>
    public required torch.Tensor Embedding { get; init; }

    /// <summary>What each head reads: the final norm of CLS, then of the distillation token, or of the convolution and the involution
    /// token, <c>[B, K, D]</c>; the pooled embedding <c>[B, 1, D]</c>, or the class token beside the mean <c>[B, 1, 2D]</c>. Vision
    /// Transformers only; there with or without heads.</summary>
    public torch.Tensor? HeadEmbeddings { get; init; }

    /// <summary>Softmaxed CLS-to-patch attention <c>[B, H, N]</c> by block, prefix columns dropped, not renormalised. Of a network that
    /// averages its patches (<see cref="Pooling.Average"/>) the mean of the patches' own rows: the attention that a patch receives. Of one
    /// with <see cref="Pooling.Map"/> likewise, and in place of the last block's the row of the pooling's own query.</summary>
    public IReadOnlyDictionary<int, torch.Tensor> ClsRows { get; init; } = new Dictionary<int, torch.Tensor>();

    /// <summary>Softmaxed attention averaged over heads, by block: <c>[B, T, T]</c>; of a last block whose patches nobody reads only the
    /// rows of the K tokens with a head, CLS first, <c>[B, K, T]</c>.</summary>
    public IReadOnlyDictionary<int, torch.Tensor> Attention { get; init; } = new Dictionary<int, torch.Tensor>();

    /// <summary>Block outputs <c>[B, T, D]</c> by block.</summary>
    public IReadOnlyDictionary<int, torch.Tensor> Hidden { get; init; } = new Dictionary<int, torch.Tensor>();

    /// <summary>All tokens after the final norm, <c>[B, T, D]</c>, where they were asked for; as they left the last block in a network
    /// without that norm.</summary>
    public torch.Tensor? NormedTokens { get; init; }

    /// <summary>Queries, keys and values by block.</summary>
    public IReadOnlyDictionary<int, Qkv> Qkv { get; init; } = new Dictionary<int, Qkv>();
}

/// <summary>What a block's attention is made of: each <c>[B, H, T, D/H]</c>, before any scaling.</summary>
/// <param name="Queries">Queries.</param>
/// <param name="Keys">Keys.</param>
/// <param name="Values">Values.</param>
public sealed record Qkv(torch.Tensor Queries, torch.Tensor Keys, torch.Tensor Values)
{
    /// <summary>What is added to q·k/√(D/H), <c>[1, H, T, T]</c>: relative position biases; null of a network without.</summary>
    public torch.Tensor? Bias { get; init; }

    /// <summary>In numbers of another type.</summary>
    internal Qkv To(torch.ScalarType type) => new(Queries.to(type), Keys.to(type), Values.to(type)) { Bias = Bias?.to(type) };

    /// <summary>Attention probabilities <c>[B, H, T, T]</c>: softmax over keys of q·k/√(D/H), with <see cref="Bias"/> added.</summary>
    public torch.Tensor Attention()
    {
        torch.Tensor products = Queries.matmul(Keys.transpose(-2, -1)) / Math.Sqrt(Queries.shape[^1]);
        return (Bias is null ? products : products + Bias).softmax(-1);
    }

    /// <summary>The mean of <see cref="Attention"/> over heads, <c>[B, T, T]</c>, with one head in memory at a time.</summary>
    public torch.Tensor MeanAttention()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long heads = Queries.shape[1];
        double scale = 1 / Math.Sqrt(Queries.shape[^1]);
        torch.Tensor sum = torch.zeros([Queries.shape[0], Queries.shape[2], Keys.shape[2]], dtype: Queries.dtype, device: Queries.device);
        for (long head = 0; head < heads; head++)
        {
            using DisposeScope one = torch.NewDisposeScope();
            torch.Tensor products = Queries.select(1, head).mul(scale).matmul(Keys.select(1, head).transpose(-2, -1));
            sum.add_((Bias is null ? products : products + Bias.select(1, head)).softmax(-1));
        }
        return sum.div_(heads).MoveToOuterDisposeScope();
    }
}
