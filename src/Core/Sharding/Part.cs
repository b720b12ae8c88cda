// What stands beside a finished shard's rows or records.

using System.Text.Json.Serialization;

namespace DataFreeKD.Core.Sharding;

/// <summary>A finished shard.</summary>
internal sealed record Part
{
    /// <summary>Its number.</summary>
    public required int Shard { get; init; }

    /// <summary>Rows.</summary>
    public required long Rows { get; init; }

    /// <summary>SHA-256 of the rows' file.</summary>
    public required string Sha256 { get; init; }

    /// <summary>SHA-256 of the embeddings' file; null where there is none.</summary>
    public string? EmbeddingsSha256 { get; init; }

    /// <summary>Rows by status, or by <c>status/reason</c>, where they have one.</summary>
    public required IReadOnlyDictionary<string, long> Counts { get; init; }

    /// <summary>The folder of the attempt.</summary>
    public required string Attempt { get; init; }

    /// <summary>The machine.</summary>
    public required string Host { get; init; }

    /// <summary>The widest vectors that its libraries were allowed: <c>avx512</c>, <c>avx2</c> or <c>other</c>.</summary>
    public required string Isa { get; init; }

    /// <summary>The numeric profile.</summary>
    public required string Numerics { get; init; }

    /// <summary>Version of the tool.</summary>
    public required string Version { get; init; }

    /// <summary>The plan's fingerprint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Wall seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>Whether nothing is missing: JSON may have null in any place.</summary>
    [JsonIgnore]
    public bool IsWhole =>
        new object?[] { Sha256, Counts, Attempt, Host, Isa, Numerics, Version, Fingerprint }.All(value => value is not null);

    /// <summary>Whether it holds the same bytes.</summary>
    public bool HoldsSameAs(Part other) => other.Rows == Rows && other.Sha256 == Sha256 && other.EmbeddingsSha256 == EmbeddingsSha256;
}
