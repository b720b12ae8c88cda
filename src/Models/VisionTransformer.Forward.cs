// The way of a batch through the Vision Transformer: pixels to tokens, through the blocks, to what the heads read.

using DataFreeKD.Models.Layers;
using TorchSharp;

namespace DataFreeKD.Models;

public sealed partial class VisionTransformer
{
    private string? WhyNotMerged(ModelCapture capture) =>
        WhyNotMerged(Config)
        ?? (
            capture.HiddenBlocks.Count + capture.QkvBlocks.Count + capture.AttentionBlocks.Count > 0 || capture.NormedTokens
                ? "all of them are asked for"
                : null
        );

    private long HeadTokens =>
        Config.CrossBias ? 3
        : Config.Distilled ? 2
        : 1;

    // [B, 3, S, S] to [B, prefix + K, D] with positions added and, in training, patches dropped.
    private torch.Tensor Embed(torch.Tensor pixels, ModelCapture capture)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long batch = pixels.shape[0],
            width = Config.Width;
        int embedded = Config.EmbeddedPrefix;
        (torch.Tensor patches, torch.Tensor[] aligned) = Patches(pixels);
        if (pos_embed is not null)
            patches = patches.add_(pos_embed.narrow(1, embedded, Config.Patches));
        if (KeptIndices(batch, capture) is { } kept)
        {
            patches = patches.gather(1, kept.unsqueeze(-1).expand(batch, kept.shape[1], width));
        }
        List<torch.Tensor> tokens = [];
        if (cls_token is not null)
            tokens.Add(cls_token);
        if (dist_token is not null)
            tokens.Add(dist_token);
        if (reg_token is not null)
            tokens.Add(reg_token);
        if (tokens.Count == 0)
            return (norm_pre is null ? patches : norm_pre.Norm(patches, Config.LayerNormEpsilon)).MoveToOuterDisposeScope();
        torch.Tensor prefix =
            aligned.Length > 0 ? torch.cat([cls_token!.expand(batch, -1, -1), .. aligned], 1)
            : tokens.Count == 1 ? tokens[0]
            : torch.cat(tokens, 1);
        if (embedded > 0 && pos_embed is not null)
            prefix = prefix + pos_embed.narrow(1, 0, embedded);
        torch.Tensor x = torch.cat([prefix.expand(batch, -1, -1), patches], 1);
        if (norm_pre is not null)
            x = norm_pre.Norm(x, Config.LayerNormEpsilon);
        return x.MoveToOuterDisposeScope();
    }

    // [B, N, D], and where two stems make them the tokens [B, 1, D] aligned with each: the mean of its own patches.
    private (torch.Tensor Patches, torch.Tensor[] Aligned) Patches(torch.Tensor pixels)
    {
        if (patch_embed is not null)
            return (patch_embed.Forward(pixels), []);
        torch.Tensor convolved = conv_embed!.Forward(pixels),
            involved = inv_embed!.Forward(pixels);
        return (convolved + involved, [convolved.mean([1], keepdim: true), involved.mean([1], keepdim: true)]);
    }

    private torch.Tensor? KeptIndices(long batch, ModelCapture capture)
    {
        if (capture.KeptPatches is { } given)
            return given;
        if (capture.PatchDropout <= 0 || !training)
            return null;
        long keep = Math.Max(1, (long)(Config.Patches * (1 - capture.PatchDropout)));
        torch.Tensor order = torch.rand([batch, Config.Patches], device: blocks[0].Attention.Qkv.weight.device).argsort(1);
        return order.narrow(1, 0, keep).sort(1).Values;
    }

    private torch.Tensor Through(torch.Tensor x, int from, int to, ModelCapture capture, Kept captured, DisposeScope scope)
    {
        Recomputation? recomputation = torch.is_grad_enabled() ? Recomputation : null;
        if (recomputation is not null)
            x = scope.MoveToOuter(recomputation.Begin(scope.MoveToOuter(x)));
        // What blocks are computed from again stays.
        bool kept = recomputation is not null;
        using TokenMerging? merging = capture.MergedPatches > 0 ? new TokenMerging(capture.MergedPatches, Config.PrefixTokens) : null;
        for (int b = from; b < to; b++)
        {
            (torch.Tensor next, torch.Tensor? row, torch.Tensor? map, Qkv? qkv) = recomputation is null
                ? OfBlock(b, x, capture, captured, merging)
                : Again(recomputation, b, x, capture, captured);
            if (!kept)
                x.Dispose();
            bool wanted = capture.HiddenBlocks.Contains(b);
            (x, kept) = (next, wanted || recomputation is not null);
            if (kept)
                scope.MoveToOuter(next);
            if (wanted)
                captured.Hidden[b] = next;
            if (row is not null)
                captured.Rows[b] = scope.MoveToOuter(row);
            if (map is not null)
                captured.Maps[b] = scope.MoveToOuter(map);
            if (qkv is null)
                continue;
            scope.MoveToOuter(qkv.Queries, qkv.Keys, qkv.Values);
            if (qkv.Bias is { } bias)
                scope.MoveToOuter(bias);
            captured.Parts[b] = qkv;
        }
        return x;
    }

    private BlockOutput Again(Recomputation recomputation, int b, torch.Tensor x, ModelCapture capture, Kept captured)
    {
        BlockOutput first = default;
        torch.Tensor[] leaves = recomputation.Run(x, input =>
        {
            first = OfBlock(b, input, capture, captured, merging: null);
            return first.Tensors;
        });
        return first.With(leaves);
    }

    private BlockOutput OfBlock(int b, torch.Tensor x, ModelCapture capture, Kept captured, TokenMerging? merging)
    {
        bool wanted = capture.HiddenBlocks.Contains(b),
            apart = capture.QkvBlocks.Contains(b);
        // Nobody reads the last block's patches but a capture: only the tokens with a head go through it.
        long queries =
            b == Config.Depth - 1 && Config.ReadsTokensAlone && !wanted && !apart && !capture.NormedTokens ? HeadTokens : x.shape[1];
        // The pooling's own query takes the place of the last block's row.
        bool pooled = attn_pool is not null && b == Config.Depth - 1;
        captured.WantsPooledRow |= pooled && capture.ClsRowBlocks.Contains(b);
        return blocks[b]
            .Forward(
                x,
                queries,
                !pooled && capture.ClsRowBlocks.Contains(b) ? Config.PrefixTokens : -1,
                capture.AttentionBlocks.Contains(b),
                apart,
                merging
            );
    }

    private ModelOutput Head(torch.Tensor x, ModelCapture capture, Kept kept, DisposeScope scope) =>
        Heads(Pooled(x, kept, scope), scope) with
        {
            ClsRows = kept.Rows,
            Attention = kept.Maps,
            Hidden = kept.Hidden,
            Qkv = kept.Parts,
            NormedTokens = capture.NormedTokens
                ? scope.MoveToOuter(norm is null ? x.alias() : norm.Norm(x, Config.LayerNormEpsilon))
                : null,
        };

    // Tokens [B, T, D] to what the heads read, [B, K, D]; of the class token beside the mean [B, 1, 2D].
    private torch.Tensor Pooled(torch.Tensor x, Kept kept, DisposeScope scope)
    {
        double epsilon = Config.LayerNormEpsilon;
        long prefix = Config.PrefixTokens,
            patches = x.shape[1] - prefix;
        switch (Config.Pooling)
        {
            case Pooling.Token:
                torch.Tensor first = x.narrow(1, 0, HeadTokens);
                return (norm ?? fc_norm)?.Norm(first, epsilon) ?? first;
            case Pooling.Average when norm is null:
                torch.Tensor mean = x.narrow(1, prefix, patches).mean([1], keepdim: true);
                return fc_norm?.Norm(mean, epsilon) ?? mean;
            case Pooling.Average:
                return norm.Norm(x.narrow(1, prefix, patches), epsilon).mean([1], keepdim: true);
            case Pooling.TokenAndAverage:
                torch.Tensor normed = norm is null ? x : norm.Norm(x, epsilon);
                torch.Tensor both = torch.cat([normed.narrow(1, 0, 1), normed.narrow(1, prefix, patches).mean([1], keepdim: true)], -1);
                return both;
            default:
                long before = Config.PoolPrefix ? 0 : prefix;
                (torch.Tensor token, torch.Tensor? row) = attn_pool!.Forward(
                    (norm is null ? x : norm.Norm(x, epsilon)).narrow(1, before, patches + prefix - before),
                    kept.WantsPooledRow
                );
                if (row is not null)
                    kept.Rows[Config.Depth - 1] = scope.MoveToOuter(row.narrow(2, prefix - before, patches));
                return fc_norm is null ? token : fc_norm.Norm(token, epsilon);
        }
    }

    private ModelOutput Heads(torch.Tensor normed, DisposeScope scope)
    {
        torch.Tensor read = normed.select(1, 0),
            embedding = Config.Pooling == Pooling.TokenAndAverage ? read.narrow(1, 0, Config.Width) : read;
        ModelOutput bare = new() { Embedding = scope.MoveToOuter(embedding), HeadEmbeddings = scope.MoveToOuter(normed) };
        if (head is null)
            return bare;
        torch.Tensor logits = scope.MoveToOuter(head.Linear(read));
        if (head_conv is not null)
        {
            torch.Tensor convolved = scope.MoveToOuter(head_conv.Linear(normed.select(1, 1))),
                involved = scope.MoveToOuter(head_inv!.Linear(normed.select(1, 2)));
            return bare with
            {
                Logits = scope.MoveToOuter((logits + convolved + involved) / 3),
                LogitsCls = logits,
                LogitsConv = convolved,
                LogitsInv = involved,
            };
        }
        if (head_dist is null)
            return bare with { Logits = logits };
        torch.Tensor dist = scope.MoveToOuter(head_dist.Linear(normed.select(1, 1)));
        return bare with { Logits = scope.MoveToOuter((logits + dist) / 2), LogitsCls = logits, LogitsDist = dist };
    }

    private void Check(torch.Tensor pixels, ModelCapture capture)
    {
        CheckPixels(pixels);
        foreach (int block in capture.ClsRowBlocks.Concat(capture.HiddenBlocks).Concat(capture.QkvBlocks).Concat(capture.AttentionBlocks))
        {
            if (block < 0 || block >= Config.Depth)
                throw new ArgumentException($"block {block} does not exist: the model has blocks 0–{Config.Depth - 1}", nameof(capture));
        }
        if ((Config.Rotary is not null || Config.RelativeBias) && (capture.PatchDropout > 0 || capture.KeptPatches is not null))
            throw new ArgumentException(
                $"{Config.Name} has {(Config.RelativeBias ? "relative" : "rotary")} positions, and patches cannot be dropped from it",
                nameof(capture)
            );
        if (capture.MergedPatches > 0 && WhyNotMerged(capture) is { } reason)
            throw new ArgumentException($"{Config.Name}: patches cannot be merged, because {reason}", nameof(capture));
        if (capture.PatchDropout is < 0 or >= 1 or double.NaN)
            throw new ArgumentException($"patch dropout {capture.PatchDropout} is not in [0, 1)", nameof(capture));
    }

    // What blocks leave beside their tokens, by block.
    private sealed record Kept
    {
        public bool WantsPooledRow { get; set; }

        public Dictionary<int, torch.Tensor> Rows { get; } = [];

        public Dictionary<int, torch.Tensor> Maps { get; } = [];

        public Dictionary<int, torch.Tensor> Hidden { get; } = [];

        public Dictionary<int, Qkv> Parts { get; } = [];
    }
}
