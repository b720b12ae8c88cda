// Tokens on their way through blocks.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

internal static class TokenStream
{
    /// <summary>Tokens behind the blocks <paramref name="from"/> (inclusive) to <paramref name="to"/> (exclusive), <c>[B, T,
    /// D]</c>.</summary>
    public static torch.Tensor Through(torch.Tensor tokens, IReadOnlyList<VitBlock> blocks, int from, int to)
    {
        for (int b = from; b < to; b++)
            tokens = blocks[b].Forward(tokens);
        return tokens;
    }

    /// <summary>A block's output of the tokens before its MLP.</summary>
    public static torch.Tensor End(VitBlock block, torch.Tensor middle) =>
        block.AddMlp(middle, block.Activate(block.Hidden(block.MlpInput(middle))));
}
