// A forward pass that stopped part of the way.

using TorchSharp;

namespace DataFreeKD.Models;

/// <summary>Tokens after the first blocks of a Vision Transformer, and the CLS rows of those blocks. Tensors belong to the caller's dispose
/// scope.</summary>
/// <param name="Tokens"><c>[B, T, D]</c>.</param>
/// <param name="Blocks">Blocks that are behind them.</param>
/// <param name="ClsRows">As <see cref="ModelOutput.ClsRows"/>.</param>
internal sealed record VitPartial(torch.Tensor Tokens, int Blocks, IReadOnlyDictionary<int, torch.Tensor> ClsRows)
{
    /// <summary>Some of the images.</summary>
    /// <param name="images">Their indices in the batch, int64 <c>[K]</c>.</param>
    public VitPartial Select(torch.Tensor images) =>
        new(Tokens.index_select(0, images), Blocks, ClsRows.ToDictionary(row => row.Key, row => row.Value.index_select(0, images)));
}
