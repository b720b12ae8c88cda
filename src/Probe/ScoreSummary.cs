// What a scoring run did, in numbers.

using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Corruptions;

namespace DataFreeKD.Probe;

/// <summary>What a scoring run did.</summary>
/// <param name="Rows">Rows of the table.</param>
/// <param name="Counts">Rows by status, or by <c>status/reason</c>.</param>
/// <param name="Blocks">Blocks probed.</param>
/// <param name="Seconds">Wall seconds of this process.</param>
/// <param name="ImagesPerSecond">Rows of this process over its seconds.</param>
public sealed record ScoreSummary(
    long Rows,
    IReadOnlyDictionary<string, long> Counts,
    IReadOnlyList<int> Blocks,
    double Seconds,
    double ImagesPerSecond
)
{
    /// <summary>How the classifier of corrupted copies did on kinds that it had not seen; null where no score needs one.</summary>
    internal CorruptionVerdict? Intact { get; init; }

    /// <summary>Where the embeddings are; null where none were kept.</summary>
    public string? Embeddings { get; init; }

    /// <summary>Rows of exact copies, whose figures were taken over from the first of them or from the earlier table.</summary>
    public long Copied { get; init; }

    /// <summary>Images that were in memory at once in the end, where memory ran out for whole batches; null where it did not.</summary>
    internal int? ImagesAtOnce { get; init; }

    /// <summary>What the cascade loses and saves on images held out; null without one.</summary>
    internal CascadeVerdict? Cascade { get; init; }
}
