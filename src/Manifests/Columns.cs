// The column names of the contract, in one place.

using System.Globalization;

namespace DataFreeKD.Manifests;

/// <summary>Column names shared by the tables (docs/data-contracts.md).</summary>
internal static class Columns
{
    /// <summary>Columns of the image store manifest, in order.</summary>
    public static IReadOnlyList<string> Store { get; } =
    ["path", "sha256", "source", "width", "height", "format", "bytes", "phash", "license", "caption", "status", "reason"];

    /// <summary>Fixed columns of a scores table, in order; the probe columns of each block follow.</summary>
    public static IReadOnlyList<string> Scores { get; } =
    [
        "path",
        "sha256",
        "width",
        "height",
        "status",
        "reason",
        "prediction",
        "class_name",
        "confidence",
        "entropy",
        "energy",
        "pseudo_label_ce",
    ];

    /// <summary>Score columns that are there when asked for; <see cref="OfBlock"/> of <c>probe_entropy</c> too.</summary>
    public static IReadOnlyList<string> ExtraScores { get; } =
    [
        "max_logit",
        "margin",
        "gen",
        "feature_norm",
        "weight_cosine",
        "react_energy",
        "rollout_entropy",
        "rollout_variance",
        "view_agreement",
        "view_kl",
        "intact",
    ];

    /// <summary>Columns that a selection adds to its scores rows.</summary>
    public static IReadOnlyList<string> Selection { get; } = ["rank", "selection_score", "weight"];

    /// <summary>The perceptual hash of a store's images.</summary>
    public const string Hash = "phash";

    /// <summary>The <see cref="Looks.ColourSketch"/>, in stores that look for near duplicates.</summary>
    public const string Colours = "colours";

    /// <summary>The group of near duplicates of which a selection's row is the best; empty where it stands alone.</summary>
    public const string DuplicateGroup = "duplicate_group";

    /// <summary>Which third of the candidates, by the teacher's confidence, a selection's row comes from: <c>easy</c>, <c>medium</c> or
    /// <c>hard</c>.</summary>
    public const string Difficulty = "difficulty";

    // The contract's numbers; every other column is text.
    private static readonly HashSet<string> WholeNumbers = ["width", "height", "bytes", "prediction", "rank", DuplicateGroup];
    private static readonly HashSet<string> Floats =
    [
        "confidence",
        "entropy",
        "energy",
        "pseudo_label_ce",
        .. ExtraScores,
        "selection_score",
        "weight",
    ];
    private static readonly string[] BlockPrefixes = ["probe_variance_", "probe_cosine_", "probe_entropy_"];

    /// <summary>The probe's variance of block <paramref name="block"/> (0-based).</summary>
    public static string ProbeVariance(int block) => OfBlock("probe_variance", block);

    /// <summary>The probe's cosine to uniform of block <paramref name="block"/> (0-based).</summary>
    public static string ProbeCosine(int block) => OfBlock("probe_cosine", block);

    /// <summary>The probe's entropy in units of ln N, of block <paramref name="block"/> (0-based).</summary>
    public static string ProbeEntropy(int block) => OfBlock("probe_entropy", block);

    /// <summary>The column of a score of block <paramref name="block"/> (0-based).</summary>
    public static string OfBlock(string score, int block) => $"{score}_{block}";

    /// <summary>The type of a column in typed formats: long, double or string.</summary>
    public static Type TypeOf(string column) =>
        WholeNumbers.Contains(column) ? typeof(long)
        : Floats.Contains(column) || BlockPrefixes.Any(prefix => ProbeBlock(column, prefix) is not null) ? typeof(double)
        : typeof(string);

    /// <summary>The block of a column like <c>probe_variance_7</c>; null where the name has another form.</summary>
    /// <param name="column">The column's name.</param>
    /// <param name="prefix"><c>probe_variance_</c>, <c>probe_cosine_</c> or <c>probe_entropy_</c>.</param>
    public static int? ProbeBlock(string column, string prefix) =>
        column.StartsWith(prefix, StringComparison.Ordinal)
        && int.TryParse(column.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int block)
            ? block
            : null;
}
