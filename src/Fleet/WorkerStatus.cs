// What a worker says of itself.

namespace DataFreeKD.Fleet;

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
