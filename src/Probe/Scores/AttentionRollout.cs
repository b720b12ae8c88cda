// Attention rollout: which patches reach CLS through all blocks.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>Attention rollout (Abnar and Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020, section 3): the product over
/// blocks of ½A + ½I, with A the attention averaged over heads and I for the residual connection.</summary>
internal static class AttentionRollout
{
    /// <summary>The row of CLS over the N patches, renormalised to sum 1, <c>[B, N]</c>, float64.</summary>
    /// <param name="maps">A of every block, first block first: <c>[B, T, T]</c>; of the last block the row of CLS is enough.</param>
    /// <param name="prefix">Tokens before the patches.</param>
    public static Tensor ClsRow(IReadOnlyList<Tensor> maps, int prefix)
    {
        // Only one row of the product is wanted: a vector goes down the blocks, O(T²) each.
        long tokens = maps[^1].shape[^1];
        Tensor row = zeros([maps[^1].shape[0], 1, tokens], ScalarType.Float64, maps[^1].device);
        row.select(-1, 0).fill_(1);
        for (int block = maps.Count - 1; block >= 0; block--)
        {
            Tensor map = maps[block].to(ScalarType.Float64);
            row = 0.5 * (row.narrow(-1, 0, map.shape[1]).matmul(map) + row);
        }
        Tensor patches = row.squeeze(1).narrow(-1, prefix, tokens - prefix);
        return patches / patches.sum(-1, keepdim: true);
    }
}
