// What a selection did, in numbers.

namespace DataFreeKD.Selector;

/// <summary>The outcome of a selection.</summary>
public sealed record SelectionSummary
{
    /// <summary>The table written.</summary>
    public required string Output { get; init; }

    /// <summary>The method's name.</summary>
    public required string Method { get; init; }

    /// <summary>Rows read.</summary>
    public long Rows { get; init; }

    /// <summary>Rows that could be ranked: status <c>ok</c> and every needed score present.</summary>
    public long Usable { get; init; }

    /// <summary>Rows written.</summary>
    public long Selected { get; init; }

    /// <summary>Rows read by <c>status</c> or <c>status/reason</c>; usable rows without the needed scores under
    /// <c>ok/unscored</c>.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; init; } = new Dictionary<string, long>();

    /// <summary>Copies turned away because a better or earlier row of the same content was a candidate; a lower bound of the copies in the
    /// pool.</summary>
    public long DuplicatesDropped { get; init; }

    /// <summary>Near duplicates left out of the groups whose best row was selected.</summary>
    public long NearDuplicatesDropped { get; init; }

    /// <summary>Rows that the selection was chosen from.</summary>
    public long Candidates { get; init; }

    /// <summary>Rows selected by class.</summary>
    public IReadOnlyDictionary<string, long> Classes { get; init; } = new Dictionary<string, long>();

    /// <summary>Entropy of the selected rows' classes in nats, 0 (one class) to ln C (even over C classes).</summary>
    public double ClassEntropy { get; init; }

    /// <summary>Mean of 1 − cosine over all pairs of selected rows; null without embeddings.</summary>
    public double? MeanDistance { get; init; }

    /// <summary>The same over the pairs of one class, which a spread can widen: between classes the surest images lie furthest
    /// apart.</summary>
    public double? MeanDistanceInClass { get; init; }

    /// <summary>The lowest selection score taken, by class where quotas are in force, else under <c>*</c>: what a later run can give as a
    /// threshold.</summary>
    public IReadOnlyDictionary<string, double> Thresholds { get; init; } = new Dictionary<string, double>();

    /// <summary>What the method took from the pool, e.g. blocks, medians and deviations; for explaining a score.</summary>
    public IReadOnlyDictionary<string, string> Fitted { get; init; } = new Dictionary<string, string>();

    /// <summary>What came of looking for the pool's confident core: its rows and the embeddings, or why it is not used; null where the
    /// method does not look for it.</summary>
    public string? Core { get; init; }

    /// <summary>Wall seconds.</summary>
    public double Seconds { get; init; }
}
