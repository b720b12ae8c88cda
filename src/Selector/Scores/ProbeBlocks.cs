// Which probed blocks a method uses.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>Picks probe columns off a table's header.</summary>
internal static class ProbeBlocks
{
    private const string VariancePrefix = "probe_variance_";

    /// <summary>The blocks that the table has a probe variance of, ascending.</summary>
    public static int[] Probed(TableHeader header) => [.. header.Columns.Select(column => Columns.ProbeBlock(column, VariancePrefix)).OfType<int>().Order()];

    /// <summary>The blocks asked for, else those of <paramref name="choose"/> among the probed ones.</summary>
    /// <exception cref="TableException">The table has no probe, or lacks a block asked for.</exception>
    public static int[] Pick(TableHeader header, SelectOptions options, Func<int[], int[]> choose)
    {
        int[] probed = Probed(header);
        if (probed.Length == 0) throw new TableException($"{header.Source}: there are no probe_variance columns, which method '{options.Method}' needs; score the images again with the probe, or select by a method of the logits such as entropy");
        if (options.Blocks.Count == 0) return choose(probed);
        int[] missing = [.. options.Blocks.Except(probed)];
        if (missing.Length > 0) throw new TableException($"{header.Source}: block{(missing.Length > 1 ? "s" : "")} {string.Join(", ", missing)} not probed (there are {string.Join(", ", probed)}); score again with --blocks {string.Join(',', options.Blocks)}, or name other blocks");
        return [.. options.Blocks];
    }

    /// <summary>
    /// The published blocks 3 and 7 of 12 by depth: ⌊L/4⌋ and ⌊7L/12⌋ where all L blocks are probed; where only some are,
    /// whoever scored has chosen, and all of those are used.
    /// </summary>
    public static int[] ByDepth(int[] probed)
    {
        int depth = probed[^1] + 1;
        return depth == probed.Length ? [.. new[] { depth / 4, 7 * depth / 12 }.Distinct()] : probed;
    }

    /// <summary>Variance columns of blocks.</summary>
    public static string[] VarianceColumns(int[] blocks) => [.. blocks.Select(Columns.ProbeVariance)];
}
