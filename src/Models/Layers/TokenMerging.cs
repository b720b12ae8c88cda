// Token merging: patches that are alike become one token on their way through the blocks.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>
/// The state of one pass. Behind each block's attention the patches are parted in turn into two sets; each of the first is matched with the
/// most similar of the second by the cosine of their keys, averaged over heads; the pairs most alike are merged to their mean, weighed by
/// how many patches each already is. Attention counts a merged token as many times as it has patches.
/// </summary>
/// <remarks>Bolya et al., ICLR 2023 (arXiv 2210.09461): bipartite soft matching and proportional attention. Class token, distillation token
/// and registers are never merged.</remarks>
internal sealed class TokenMerging : IDisposable
{
    private readonly int each;
    private readonly int prefix;
    private Tensor? sizes;
    private Tensor? places;

    /// <param name="each">Patches that a block merges away, at most half of those that are left.</param>
    /// <param name="prefix">Tokens before the patches.</param>
    public TokenMerging(int each, int prefix) => (this.each, this.prefix) = (each, prefix);

    /// <summary>What is added to attention's products: the logarithm of the keys' patches, <c>[B, 1, 1, T]</c>; null before anything was
    /// merged.</summary>
    public Tensor? Bias { get; private set; }

    /// <summary>Merges tokens <c>[B, T, D]</c>, moved to the caller's dispose scope.</summary>
    /// <param name="x">Behind a block's attention.</param>
    /// <param name="keys">That attention's, <c>[B, H, T, D/H]</c>.</param>
    public Tensor Merge(Tensor x, Tensor keys)
    {
        long patches = x.shape[1] - prefix,
            merged = Math.Min(each, patches / 2);
        if (merged == 0)
            return x;
        using DisposeScope scope = NewDisposeScope();
        Tensor metric = keys.narrow(2, prefix, patches).mean([1]);
        metric = metric / metric.norm(-1, keepdim: true).clamp_min(1e-12);
        // The published program counts the class token as the first.
        int odd = prefix % 2;
        Tensor first = arange(odd, patches, 2, device: x.device),
            second = arange(1 - odd, patches, 2, device: x.device);
        (Tensor best, Tensor match) = metric.index_select(1, first).matmul(metric.index_select(1, second).transpose(1, 2)).max(-1);
        Tensor order = best.argsort(1, descending: true),
            gone = order.narrow(1, 0, merged),
            left = order.narrow(1, merged, order.shape[1] - merged).sort(1).Values,
            into = match.gather(1, gone);

        Tensor before = sizes ?? ones(x.shape[0], patches, device: x.device),
            placed = places ?? arange(patches, device: x.device).expand(x.shape[0], patches);
        Tensor sums = Joined(x.narrow(1, prefix, patches) * before.unsqueeze(-1), first, second, gone, left, into),
            counts = Joined(before.unsqueeze(-1), first, second, gone, left, into);
        Tensor now = NewPlaces(first, second, gone, left, into, patches).gather(1, placed);
        Dispose();
        // They outlive the blocks' scopes.
        places = now.DetachFromDisposeScope();
        sizes = counts.squeeze(-1).contiguous().DetachFromDisposeScope();
        Bias = cat([zeros(x.shape[0], prefix, device: x.device), sizes.log()], 1).unsqueeze(1).unsqueeze(1).DetachFromDisposeScope();
        return cat([x.narrow(1, 0, prefix), sums / counts], 1).MoveToOuterDisposeScope();
    }

    /// <summary>A CLS row over merged patches <c>[B, H, N']</c> as one over all <c>[B, H, N]</c>: patches of a token share its attention
    /// equally.</summary>
    public Tensor Spread(Tensor row)
    {
        if (places is null)
            return row;
        using DisposeScope scope = NewDisposeScope();
        Tensor index = places.unsqueeze(1).expand(row.shape[0], row.shape[1], places.shape[1]);
        return (row / sizes!.unsqueeze(1)).gather(2, index).MoveToOuterDisposeScope();
    }

    /// <summary>Lets the state go.</summary>
    public void Dispose()
    {
        sizes?.Dispose();
        places?.Dispose();
        Bias?.Dispose();
        (sizes, places, Bias) = (null, null, null);
    }

    // Those left of the first set, then the second with what it took up.
    private static Tensor Joined(Tensor tokens, Tensor first, Tensor second, Tensor gone, Tensor left, Tensor into)
    {
        Tensor from = tokens.index_select(1, first),
            to = tokens.index_select(1, second);
        return cat([from.gather(1, Wide(left)), to.scatter_add(1, Wide(into), from.gather(1, Wide(gone)))], 1);

        Tensor Wide(Tensor index) => index.unsqueeze(-1).expand(-1, -1, tokens.shape[2]);
    }

    // Where each of the patches before is now, [B, patches].
    private static Tensor NewPlaces(Tensor first, Tensor second, Tensor gone, Tensor left, Tensor into, long patches)
    {
        long batch = gone.shape[0],
            kept = left.shape[1];
        Tensor now = empty([batch, patches], ScalarType.Int64, device: gone.device);
        Tensor ofFirst = empty([batch, first.shape[0]], ScalarType.Int64, device: gone.device);
        ofFirst.scatter_(1, left, arange(kept, device: gone.device).expand(batch, kept));
        ofFirst.scatter_(1, gone, into + kept);
        now.index_copy_(1, first, ofFirst);
        now.index_copy_(1, second, (arange(second.shape[0], device: gone.device) + kept).expand(batch, second.shape[0]).contiguous());
        return now;
    }
}
