// How a worker works.

namespace DataFreeKD.Fleet;

/// <summary>Options of a worker.</summary>
internal sealed record WorkerOptions
{
    /// <summary>The folder that it may read and write; the same on all machines.</summary>
    public required string Root { get; init; }

    /// <summary>The objects on S3-compatible storage that it may read: beginnings of <c>s3://bucket/key</c>, whole up to a slash.</summary>
    /// <value>None.</value>
    public IReadOnlyList<string> Buckets { get; init; } = [];

    /// <summary>Prefixes of buckets, <c>s3://bucket/prefix</c>, that plans and parts may lie at or below besides the folder.</summary>
    /// <value>None.</value>
    public IReadOnlyList<string> Plans { get; init; } = [];

    /// <summary>Its version: shards of other versions are left to others.</summary>
    public required string Version { get; init; }

    /// <summary>Its numeric profile: shards of others are left to others.</summary>
    /// <value><c>native</c>.</value>
    public string Profile { get; init; } = "native";

    /// <summary>The widest vectors of its processor, for status.</summary>
    public string Instructions { get; init; } = "";

    /// <summary>End after one shard.</summary>
    public bool Once { get; init; }

    /// <summary>End when for so long there was no shard to be had; null for never.</summary>
    public TimeSpan? IdleExit { get; init; }

    /// <summary>Hears what an operator should know.</summary>
    public Action<string>? Note { get; init; }
}
