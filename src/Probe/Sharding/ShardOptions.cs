// How a scoring run is split and joined.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Probe.Sharding;

/// <summary>How a scoring run is split.</summary>
public sealed record ShardOptions
{
    /// <summary>The usual <see cref="Size"/>: a row group of Parquet.</summary>
    public const int UsualSize = 65_536;

    /// <summary>The shards to take.</summary>
    /// <value>All.</value>
    public ShardShare Share { get; init; } = ShardShare.All;

    /// <summary>Inputs a shard, rounded down to whole batches; null for <see cref="UsualSize"/>, or what the plan has. Another number than
    /// an existing plan's is refused.</summary>
    public int? Size { get; init; }

    /// <summary>Try shards again that failed before.</summary>
    public bool RetryFailed { get; init; }

    /// <summary>Hears what is waited for, and what was found damaged.</summary>
    public Action<string>? Note { get; init; }
}

/// <summary>How shards are joined.</summary>
public sealed record FinishOptions
{
    /// <summary>Shards that may have failed: their images become rows <c>failed/shard</c>.</summary>
    public int AllowFailed { get; init; }

    /// <summary>Write a table folder (<see cref="Manifests.Folders.TableFolder"/>) in place of one file.</summary>
    public bool TableFolder { get; init; }
}
