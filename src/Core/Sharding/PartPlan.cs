// What a plan asks of its parts, whatever stage it is of.

namespace DataFreeKD.Core.Sharding;

/// <summary>What every part of a plan must be.</summary>
internal sealed record PartPlan
{
    /// <summary>The file's name.</summary>
    public const string Name = "plan.json";

    /// <summary>SHA-256 of its file.</summary>
    public required string Sha256 { get; init; }

    /// <summary>What is made of the parts.</summary>
    public required string Output { get; init; }

    /// <summary>Version of the tool that made it.</summary>
    public required string Version { get; init; }

    /// <summary>The numeric profile: <c>native</c>, <c>avx2</c> or <c>avx512</c>.</summary>
    public required string Numerics { get; init; }

    /// <summary>Of everything that rows depend on.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Rows of each shard.</summary>
    public required IReadOnlyList<long> Rows { get; init; }

    /// <summary>The stage's exception for what a user can mend.</summary>
    public required Func<string, DataFreeKDException> Refusal { get; init; }
}
