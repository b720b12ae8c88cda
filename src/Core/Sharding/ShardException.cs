// What is thrown where shards do not come together.

namespace DataFreeKD.Core.Sharding;

/// <summary>What is wrong with the shards.</summary>
public enum ShardProblem
{
    /// <summary>Some are not finished yet.</summary>
    Missing,

    /// <summary>Some failed, and others cannot replace them.</summary>
    Failed,

    /// <summary>Two processes computed other bytes for one shard.</summary>
    Conflict,

    /// <summary>A finished part was cut short or altered.</summary>
    Damaged,

    /// <summary>An input lies where the process may not look.</summary>
    Outside,
}

/// <summary>Shards that are missing, failed, contradict or are damaged; the message says which, and how to mend it.</summary>
public sealed class ShardException : DataFreeKDException
{
    /// <summary>With a message for the user.</summary>
    public ShardException(ShardProblem problem, string message)
        : base(message) => Problem = problem;

    /// <summary>What is wrong.</summary>
    public ShardProblem Problem { get; }
}
