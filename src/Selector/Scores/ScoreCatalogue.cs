// The selection methods by name: a new one is a file beside this and a line here.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Scores;

/// <summary>A selection method that users can name.</summary>
/// <param name="Name">As given to <see cref="SelectOptions.Method"/>.</param>
/// <param name="Summary">One line of help.</param>
/// <param name="Bind">Binds the method to a table; throws <see cref="TableException"/> where the table lacks its columns.</param>
public sealed record ScoreMethod(string Name, string Summary, Func<TableHeader, SelectOptions, RowScore> Bind);

/// <summary>All selection methods.</summary>
public static class ScoreCatalogue
{
    /// <summary>The method used when none is named.</summary>
    public const string Default = "combined";

    private static readonly Catalogue<ScoreMethod> Methods = new(
        "method",
        method => method.Name,
        new(
            Default,
            "attention-probe, no corrupted copy where the table tells (dfkd score --scores intact), and near to the pool's confident core where there are embeddings (default)",
            (header, options) => new CombinedScore(header, options)
        ),
        new(
            "attention-probe",
            "a sure teacher (entropy, energy) and an uneven attention probe, each scaled to the pool, the probe weighted by how far its blocks agree",
            (header, options) => new AttentionProbeScore(header, options)
        ),
        new(
            "confident-core",
            "near, in the embeddings, to what the default is surest of in each class, against the pool as a whole",
            (header, options) => new ConfidentCoreScore(header, options)
        ),
        new(
            "rank-average",
            "mean of the ranks by entropy, energy, attention probe and, where the table has it, intact",
            (header, options) => new RankAverageScore(header, options)
        ),
        new(
            "learned",
            "a sure teacher and no flat attention probe, corrected by a classifier that tells the pool from images nobody wants (--negatives)",
            (header, options) => new LearnedScore(header, options)
        ),
        new(
            "official",
            "the published code's formula: 0.05 * (cosine_3 + cosine_7) + 0.9 * pseudo-label cross-entropy, smallest first; on the mean over heads, where that code reads head 0 (its scripts rank by the cross-entropy alone: confidence)",
            (header, options) => new OfficialScore(header, options)
        ),
        new("variance", "variance of the attention probe, geometric mean over blocks; needs no classifier head", (header, options) =>
            new VarianceScore(header, options)
        ),
        new("entropy", "low entropy of the teacher's prediction", (header, _) => new EntropyScore(header)),
        new("confidence", "high probability of the teacher's prediction", (header, _) => new ConfidenceScore(header)),
        new("energy", "low free energy of the teacher's logits", (header, _) => new EnergyScore(header)),
        new("max-logit", "high largest logit of the teacher", (header, options) => new ColumnScore(header, options, "max_logit")),
        new("margin", "a first choice far ahead of the second, in probability", (header, options) =>
            new ColumnScore(header, options, "margin")
        ),
        new("gen", "low generalised entropy (GEN) of the teacher's prediction", (header, options) =>
            new ColumnScore(header, options, "gen")
        ),
        new("feature-norm", "long features before the classifier", (header, options) => new ColumnScore(header, options, "feature_norm")),
        new("weight-cosine", "features that point along the classifier's weights of a class", (header, options) =>
            new ColumnScore(header, options, "weight_cosine")
        ),
        new("react-energy", "low free energy when large features are clipped (ReAct)", (header, options) =>
            new ColumnScore(header, options, "react_energy")
        ),
        new("cosine", "low cosine of the attention probe with uniform, mean over blocks; needs no classifier head", (header, options) =>
            new BlockMeanScore(header, options, "probe_cosine", "score the images again with the probe")
        ),
        new("probe-entropy", "low entropy of the attention probe, mean over blocks; needs no classifier head", (header, options) =>
            new BlockMeanScore(header, options, "probe_entropy", "score the images with Scores probe_entropy")
        ),
        new("rollout-entropy", "low entropy of CLS's attention through all blocks; needs no classifier head", (header, options) =>
            new ColumnScore(header, options, "rollout_entropy")
        ),
        new("rollout-variance", "variance of CLS's attention through all blocks; needs no classifier head", (header, options) =>
            new ColumnScore(header, options, "rollout_variance")
        ),
        new("view-agreement", "the same decision on mirrored and cropped views", (header, options) =>
            new ColumnScore(header, options, "view_agreement")
        ),
        new("view-kl", "the same prediction on mirrored and cropped views", (header, options) =>
            new ColumnScore(header, options, "view_kl")
        ),
        new("intact", "no corrupted copy of the pool's own images, by a classifier learned from them", (header, options) =>
            new ColumnScore(header, options, "intact")
        ),
        new("random", "a seeded draw that depends on content alone: the baseline", (_, options) => new RandomScore(options.Seed))
    );

    /// <summary>Every method, the default first; those registered last.</summary>
    public static IReadOnlyList<ScoreMethod> All => Methods.All;

    /// <summary>Adds a method of your own, which <see cref="SelectOptions.Method"/> may then name.</summary>
    /// <param name="method">The method; its name must be new.</param>
    /// <exception cref="ArgumentException">The name is taken, or cannot be one.</exception>
    public static void Register(ScoreMethod method) => Methods.Register(method);

    /// <summary>The method of that name.</summary>
    /// <exception cref="SelectionException">There is none; the message lists those there are.</exception>
    public static ScoreMethod Find(string name) =>
        All.FirstOrDefault(method => method.Name == name)
        ?? throw new SelectionException($"there is no method '{name}'; there are {string.Join(", ", All.Select(method => method.Name))}");
}
