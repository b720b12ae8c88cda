// Relative positions in the forms that files have them, brought to one table a block.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads BEiT's tables, of each block and shared by all, and those of timm's vision_transformer_relpos.py, some of which a small
/// MLP computes from the distances.</summary>
internal static class RelativeTables
{
    private const string Table = ".attn.relative_position_bias_table",
        Shared = "rel_pos_bias.relative_position_bias_table";

    // Where timm's relpos networks keep theirs: each block, or all in one.
    private const string Own = ".attn.rel_pos.",
        OfAll = "shared_rel_pos.";

    /// <summary>Whether the network has relative positions in any form.</summary>
    public static bool Recognises(IReadOnlyDictionary<string, Tensor> tensors) =>
        tensors.Keys.Any(name =>
            name == Shared
            || name.StartsWith(OfAll, StringComparison.Ordinal)
            || name.Contains(Own, StringComparison.Ordinal)
            || name.EndsWith(Table, StringComparison.Ordinal)
        );

    /// <summary>Makes one table <c>blocks.N.attn.relative_position_bias_table</c> of each block's positions, in place. What is shared is
    /// copied to each block, or added to its own.</summary>
    /// <param name="tensors">Under timm's names.</param>
    /// <param name="depth">Blocks.</param>
    /// <param name="prefix">Tokens before the patches.</param>
    /// <param name="grid">Patches a side, asked for where an MLP computes the table and nothing in the file tells.</param>
    /// <param name="report">For refusals.</param>
    /// <exception cref="ModelException">A form that is not read, or a table that is of no square grid.</exception>
    public static void Fold(Dictionary<string, Tensor> tensors, int depth, int prefix, Func<int> grid, ReadingReport report)
    {
        int? told = GridOf(tensors, prefix);
        // They follow from the grid.
        foreach (
            string name in tensors
                .Keys.Where(name =>
                    name.EndsWith("relative_position_index", StringComparison.Ordinal)
                    || name.EndsWith("rel_coords_log", StringComparison.Ordinal)
                )
                .ToArray()
        )
            tensors.Remove(name);
        Tensor? shared = tensors.Remove(Shared, out Tensor? common) ? common : Take(OfAll);
        for (int block = 0; block < depth; block++)
        {
            string at = FormattableString.Invariant($"blocks.{block}"),
                name = at + Table;
            Tensor? own = Take(at + Own);
            if (own is not null)
                tensors[name] = own;
            if (shared is null)
                continue;
            tensors[name] = tensors.TryGetValue(name, out Tensor? table) ? Same(table, shared, name) : shared.clone();
        }

        Tensor? Take(string under)
        {
            if (tensors.Remove(under + "relative_position_bias_table", out Tensor? table))
                return table;
            if (!tensors.Remove(under + "mlp.fc1.weight", out Tensor? first))
                return null;
            if (
                !tensors.Remove(under + "mlp.fc1.bias", out Tensor? firstBias)
                || !tensors.Remove(under + "mlp.fc2.weight", out Tensor? second)
            )
                throw report.Bad($"the MLP of its relative positions misses a part ('{under}mlp')");
            tensors.Remove(under + "mlp.fc2.bias", out Tensor? secondBias);
            if (first.shape is not [_, 2] || second.dim() != 2 || firstBias.dim() != 1 || second.shape[1] != first.shape[0])
                throw report.Bad($"the MLP of its relative positions ('{under}mlp') is of other shapes than timm's");
            return Computed(first, firstBias, second, secondBias, told ?? grid(), prefix);
        }

        Tensor Same(Tensor own, Tensor add, string name) =>
            own.shape.SequenceEqual(add.shape)
                ? own + add
                : throw report.Bad(
                    $"'{name}' is [{string.Join(", ", own.shape)}] and the table that all share [{string.Join(", ", add.shape)}]"
                );
    }

    /// <summary>Patches a side by a table's length; null where there is none yet.</summary>
    /// <exception cref="ModelException">Thrown by the caller where the length is of no square.</exception>
    public static int? GridOf(IReadOnlyDictionary<string, Tensor> tensors, int prefix)
    {
        foreach ((string name, Tensor tensor) in tensors)
        {
            if (name.EndsWith("relative_position_bias_table", StringComparison.Ordinal) && tensor.dim() == 2)
            {
                int wide = (int)Math.Round(Math.Sqrt(Math.Max(0, tensor.shape[0] - (3 * prefix))));
                if (wide % 2 == 1 && (long)wide * wide == tensor.shape[0] - (3 * prefix))
                    return (wide + 1) / 2;
            }
            if (
                name.EndsWith("rel_coords_log", StringComparison.Ordinal)
                && tensor.shape is [var rows, var columns, 2]
                && rows == columns
                && rows % 2 == 1
            )
                return (int)((rows + 1) / 2);
        }
        return null;
    }

    // Swin's form has no second bias: its sum goes through a sigmoid, sixteenfold. timm's own takes logarithms of the distances. Tokens
    // before the patches have no bias.
    private static Tensor Computed(Tensor first, Tensor firstBias, Tensor second, Tensor? secondBias, int grid, int prefix)
    {
        using DisposeScope scope = NewDisposeScope();
        bool swin = secondBias is null;
        int wide = (2 * grid) - 1;
        float[] distances = new float[2 * wide * wide];
        for (int at = 0; at < wide * wide; at++)
            (distances[2 * at], distances[(2 * at) + 1]) = (Distance((at / wide) - grid + 1), Distance((at % wide) - grid + 1));
        Tensor hidden = nn
            .functional.linear(tensor(distances, [wide * wide, 2]), first.to(ScalarType.Float32), firstBias.to(ScalarType.Float32))
            .relu();
        Tensor table = nn.functional.linear(hidden, second.to(ScalarType.Float32), secondBias?.to(ScalarType.Float32)!);
        if (swin)
            table = table.sigmoid() * 16;
        if (prefix > 0)
            table = cat([table, zeros(3 * prefix, table.shape[1])], 0);
        return table.MoveToOuterDisposeScope();

        float Distance(int difference) =>
            swin
                ? (float)(Math.Sign(difference) * Math.Log2(1 + Math.Abs(8.0 * difference / Math.Max(1, grid - 1))) / 3)
                : (float)(Math.Sign(difference) * Math.Log(1.0 + Math.Abs(difference)));
    }

    /// <summary>Heads by a table; null where there is none.</summary>
    public static int? HeadsOf(IReadOnlyDictionary<string, Tensor> tensors) =>
        tensors.TryGetValue("blocks.0" + Table, out Tensor? table) && table.dim() == 2 ? checked((int)table.shape[1]) : null;
}
