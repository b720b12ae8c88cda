// The column names of the contract, in one place.

using System.Globalization;

namespace DataFreeKD.Manifests;

/// <summary>Column names shared by the tables (docs/data-contracts.md).</summary>
public static class Columns
{
    /// <summary>Columns of the image store manifest, in order.</summary>
    public static IReadOnlyList<string> Store { get; } = ["path", "sha256", "source", "width", "height", "format", "bytes", "phash", "license", "caption", "status", "reason"];

    /// <summary>Fixed columns of a scores table, in order; the probe columns of each block follow.</summary>
    public static IReadOnlyList<string> Scores { get; } = ["path", "sha256", "width", "height", "status", "reason", "prediction", "class_name", "confidence", "entropy", "energy", "pseudo_label_ce"];

    /// <summary>Columns that a selection adds to its scores rows.</summary>
    public static IReadOnlyList<string> Selection { get; } = ["rank", "selection_score", "weight"];

    // The contract's numbers; every other column is text.
    private static readonly HashSet<string> WholeNumbers = ["width", "height", "bytes", "prediction", "rank"];
    private static readonly HashSet<string> Floats = ["confidence", "entropy", "energy", "pseudo_label_ce", "selection_score", "weight"];

    /// <summary>The probe's variance of block <paramref name="block"/> (0-based).</summary>
    public static string ProbeVariance(int block) => $"probe_variance_{block}";

    /// <summary>The probe's cosine to uniform of block <paramref name="block"/> (0-based).</summary>
    public static string ProbeCosine(int block) => $"probe_cosine_{block}";

    /// <summary>The type of a column in typed formats: long, double or string.</summary>
    public static Type TypeOf(string column) => WholeNumbers.Contains(column) ? typeof(long)
        : Floats.Contains(column) || ProbeBlock(column, "probe_variance_") is not null || ProbeBlock(column, "probe_cosine_") is not null ? typeof(double)
        : typeof(string);

    /// <summary>The block of a column like <c>probe_variance_7</c>; null where the name has another form.</summary>
    /// <param name="column">The column's name.</param>
    /// <param name="prefix"><c>probe_variance_</c> or <c>probe_cosine_</c>.</param>
    public static int? ProbeBlock(string column, string prefix) => column.StartsWith(prefix, StringComparison.Ordinal)
        && int.TryParse(column.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int block) ? block : null;
}

/// <summary>Values of the <c>status</c> column.</summary>
public static class Status
{
    /// <summary>Usable.</summary>
    public const string Ok = "ok";

    /// <summary>The same content is already there.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>Refused by policy.</summary>
    public const string Rejected = "rejected";

    /// <summary>Could not be had or decoded.</summary>
    public const string Failed = "failed";
}
