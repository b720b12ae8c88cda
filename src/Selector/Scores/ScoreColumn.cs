// The score columns of a table, and which way each points.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>A column of a score, or of each probed block where it ends in <c>_</c>.</summary>
/// <param name="Name">The column.</param>
/// <param name="Sign">1 where higher is more useful, -1 where lower is.</param>
internal sealed record ScoreColumn(string Name, int Sign)
{
    /// <summary>All that scoring writes.</summary>
    private static readonly ScoreColumn[] All =
    [
        new("confidence", 1),
        new("entropy", -1),
        new("energy", -1),
        new("pseudo_label_ce", -1),
        new("max_logit", 1),
        new("margin", 1),
        new("gen", -1),
        new("feature_norm", 1),
        new("weight_cosine", 1),
        new("react_energy", -1),
        new("rollout_entropy", -1),
        new("rollout_variance", 1),
        new("view_agreement", 1),
        new("view_kl", -1),
        new("intact", 1),
        new("probe_variance_", 1),
        new("probe_cosine_", -1),
        new("probe_entropy_", -1),
    ];

    /// <summary>What a column of a table is; null where it is no score.</summary>
    public static ScoreColumn? Of(string column) => All.FirstOrDefault(score => score.Name == column || (score.Name.EndsWith('_') && Columns.ProbeBlock(column, score.Name) is not null));
}
