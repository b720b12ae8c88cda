// How a worker works, and what it says of itself.

namespace DataFreeKD.Fleet;

/// <summary>Options of a worker.</summary>
internal sealed record WorkerOptions
{
    /// <summary>The folder that it may read and write; the same on all machines.</summary>
    public required string Root { get; init; }

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

/// <summary>What a worker did.</summary>
/// <param name="Shards">Shards that it finished, or found finished.</param>
/// <param name="Failed">Shards that failed.</param>
/// <param name="Rows">Rows that it computed.</param>
/// <param name="Seconds">Wall seconds.</param>
internal sealed record WorkerSummary(int Shards, int Failed, long Rows, double Seconds);

/// <summary>What a worker answers when it is asked.</summary>
/// <param name="Host">The machine.</param>
/// <param name="Process">Its process.</param>
/// <param name="Version">Its version.</param>
/// <param name="Instructions">The widest vectors of its processor.</param>
/// <param name="Profile">Its numeric profile.</param>
/// <param name="Since">When it began.</param>
internal sealed record WorkerStatus(string Host, int Process, string Version, string Instructions, string Profile, DateTime Since)
{
    /// <summary>The run of the shard that it has; null for none.</summary>
    public string? Run { get; init; }

    /// <summary>The shard that it has; null for none.</summary>
    public int? Shard { get; init; }

    /// <summary>Seconds since the engine heard of that shard; null for none.</summary>
    public double? LeaseAge { get; init; }

    /// <summary>Shards that it finished.</summary>
    public int Shards { get; init; }

    /// <summary>Rows that it computed.</summary>
    public long Rows { get; init; }

    /// <summary>Rows a second while it had a shard.</summary>
    public double RowsPerSecond { get; init; }

    /// <summary>What it refused last, and why; null for nothing.</summary>
    public string? Refused { get; init; }
}
