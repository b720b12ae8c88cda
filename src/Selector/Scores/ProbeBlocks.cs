// Which probed blocks a method uses.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Picks probe columns off a table's header.</summary>
internal static class ProbeBlocks
{
    private const string VariancePrefix = "probe_variance_";

    /// <summary>The blocks that the table has a probe variance of, ascending.</summary>
    public static int[] Probed(TableHeader header) =>
        [.. header.Columns.Select(column => Columns.ProbeBlock(column, VariancePrefix)).OfType<int>().Order()];

    /// <summary>The blocks asked for, else all that were probed.</summary>
    /// <exception cref="TableException">The table has no probe, or lacks a block asked for.</exception>
    public static int[] Pick(TableHeader header, SelectOptions options)
    {
        int[] probed = Probed(header);
        if (probed.Length == 0)
            throw new TableException(
                $"{header.Source}: there are no probe_variance columns, which method '{options.Method}' needs; score the images again with the probe, or select by a method of the logits such as entropy"
            );
        if (options.Blocks.Count == 0)
            return probed;
        int[] missing = [.. options.Blocks.Except(probed)];
        if (missing.Length > 0)
            throw new TableException(
                $"{header.Source}: block{(missing.Length > 1 ? "s" : "")} {string.Join(", ", missing)} not probed (there are {string.Join(", ", probed)}); score again with Blocks {string.Join(',', options.Blocks)}, or name other blocks"
            )
            {
                Options = [nameof(SelectOptions.Blocks)],
            };
        return [.. options.Blocks];
    }

    /// <summary>Variance columns of blocks.</summary>
    public static string[] VarianceColumns(int[] blocks) => [.. blocks.Select(Columns.ProbeVariance)];
}
