// Relative positions as a bias of attention: which entry of the table each pair of tokens has.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Tables of BEiT's form: an entry for each difference of rows and columns, then, with a class token, three for class to patch,
/// patch to class, and class to itself.</summary>
/// <remarks>Bao et al., "BEiT", ICLR 2022; the entries' order is that of the original code and of timm.</remarks>
internal static class RelativePositions
{
    /// <summary>Entries of a table.</summary>
    /// <param name="grid">Patches a side.</param>
    /// <param name="prefix">Tokens before the patches: 0 or 1.</param>
    public static int Entries(int grid, int prefix) => checked((((2 * grid) - 1) * ((2 * grid) - 1)) + (3 * prefix));

    /// <summary>The entry of each pair of tokens, rows of queries first: <c>[T·T]</c>.</summary>
    public static Tensor Index(int grid, int prefix)
    {
        int patches = grid * grid,
            tokens = patches + prefix,
            wide = (2 * grid) - 1,
            differences = wide * wide;
        long[] index = new long[tokens * tokens];
        for (int query = 0; query < tokens; query++)
        {
            for (int key = 0; key < tokens; key++)
            {
                int from = query - prefix,
                    to = key - prefix;
                index[(query * tokens) + key] =
                    from >= 0 && to >= 0
                        ? (((from / grid) - (to / grid) + grid - 1) * wide) + (from % grid) - (to % grid) + grid - 1
                        : differences
                            + (
                                from >= 0 ? 1
                                : to >= 0 ? 0
                                : 2
                            );
            }
        }
        return tensor(index);
    }

    /// <summary>The bias of each head, query and key, <c>[1, H, T, T]</c>.</summary>
    /// <param name="table"><c>[entries, H]</c>.</param>
    /// <param name="index">Of <see cref="Index"/>.</param>
    public static Tensor Bias(Tensor table, Tensor index)
    {
        long tokens = (long)Math.Round(Math.Sqrt(index.shape[0]));
        return table.index_select(0, index).view(tokens, tokens, -1).permute(2, 0, 1).unsqueeze(0).contiguous();
    }
}
