// Which way each score points: the one place that says so.

namespace DataFreeKD.Manifests;

/// <summary>Whether a score is better high or low.</summary>
internal static class ScoreDirection
{
    // A name that ends in _ stands for a column of each probed block.
    private static readonly Dictionary<string, int> OfName = new(StringComparer.Ordinal)
    {
        ["confidence"] = 1,
        ["entropy"] = -1,
        ["energy"] = -1,
        ["pseudo_label_ce"] = -1,
        ["max_logit"] = 1,
        ["margin"] = 1,
        ["gen"] = -1,
        ["feature_norm"] = 1,
        ["weight_cosine"] = 1,
        ["react_energy"] = -1,
        ["rollout_entropy"] = -1,
        ["rollout_variance"] = 1,
        ["view_agreement"] = 1,
        ["view_kl"] = -1,
        ["intact"] = 1,
        ["selection_score"] = 1,
        ["probe_variance_"] = 1,
        ["probe_cosine_"] = -1,
        ["probe_entropy_"] = -1,
    };

    /// <summary>1 where higher is more useful, −1 where lower is, 0 for a column that is no score.</summary>
    public static int Of(string column)
    {
        if (OfName.TryGetValue(column, out int direction))
            return column.EndsWith('_') ? 0 : direction;
        int block = column.LastIndexOf('_') + 1;
        return block > 0 && OfName.TryGetValue(column[..block], out direction) && Columns.ProbeBlock(column, column[..block]) is not null
            ? direction
            : 0;
    }
}
