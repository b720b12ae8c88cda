// Which images a person is asked about: a random sample, spread evenly over the ranking.

using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Advice;

/// <summary>An image of the audit.</summary>
/// <param name="Row">0-based row of the scores table.</param>
/// <param name="Score">Its selection score.</param>
/// <param name="Above">Which share of the pool is ranked above it.</param>
/// <param name="Stratum">The tenth of the ranking that it stands for, 0 = best.</param>
/// <param name="StratumRows">How many usable rows that tenth has.</param>
internal sealed record AuditRow(long Row, double Score, double Above, int Stratum, long StratumRows);

/// <summary>
/// Draws a stratified sample: the ranking in tenths, from each as many rows as fit its size, chosen by a hash of their place, so
/// that a larger audit of the same pool holds a smaller one.
/// </summary>
internal static class AuditDraw
{
    /// <summary>Tenths of the ranking.</summary>
    public const int Strata = 10;

    /// <summary>Fewer images tell nothing.</summary>
    public const int LeastImages = 3 * Strata;

    // A stratum of one answer has no spread to be sure of.
    private const int LeastOfStratum = 2;

    /// <summary>The images, ordered so that every beginning of the list is spread over the ranking too.</summary>
    public static IReadOnlyList<AuditRow> Of(Passes passes, RankScale scale, int size)
    {
        long[] rows = new long[Strata];
        // The worst of those kept comes off first.
        PriorityQueue<(long Row, double Score, double Above, ulong Draw), ulong>[] kept =
        [
            .. rows.Select(_ => new PriorityQueue<(long, double, double, ulong), ulong>(
                Comparer<ulong>.Create((one, other) => other.CompareTo(one))
            )),
        ];
        using PoolScan scan = passes.Scan();
        while (scan.Next())
        {
            double score = scan.Score;
            double above = scale.ShareAbove(score);
            int stratum = Math.Min(Strata - 1, (int)(above * Strata));
            rows[stratum]++;
            ulong draw = SplitMix64.Hash((ulong)passes.Options.Seed ^ SplitMix64.Hash((ulong)scan.Row));
            if (kept[stratum].Count < size)
                kept[stratum].Enqueue((scan.Row, score, above, draw), draw);
            else
                kept[stratum].EnqueueDequeue((scan.Row, score, above, draw), draw);
        }
        int[] shares = Shares(rows, size);
        return
        [
            .. Enumerable
                .Range(0, Strata)
                .SelectMany(stratum =>
                    kept[stratum]
                        .UnorderedItems.Select(item => item.Element)
                        .OrderBy(item => item.Draw)
                        .Take(shares[stratum])
                        .Select(
                            (item, at) =>
                                (
                                    Turn: (at + 0.5) / shares[stratum],
                                    Row: new AuditRow(item.Row, item.Score, item.Above, stratum, rows[stratum])
                                )
                        )
                )
                .OrderBy(item => item.Turn)
                .ThenBy(item => item.Row.Stratum)
                .Select(item => item.Row),
        ];
    }

    /// <summary>How many images each stratum gets: in proportion to its rows, at least two, never more than it has.</summary>
    internal static int[] Shares(long[] rows, int size)
    {
        long all = rows.Sum();
        return [.. rows.Select(count => (int)Math.Min(count, Math.Max(LeastOfStratum, Math.Round((double)size * count / all))))];
    }
}
