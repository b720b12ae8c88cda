// What made a table: written beside it as <name>.json, so that a run can be explained and repeated.

namespace DataFreeKD.Manifests;

/// <summary>Provenance of one output.</summary>
public sealed record Provenance
{
    /// <summary>Tool version.</summary>
    public required string Version { get; init; }

    /// <summary>The verb: <c>score</c>, <c>select</c>, ...</summary>
    public required string Command { get; init; }

    /// <summary>Options in force, by long name.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>The seed; null where nothing is random.</summary>
    public long? Seed { get; init; }

    /// <summary>SHA-256 (lower-case hex) of every input file, by path.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();

    /// <summary>Rows by status, or by <c>status/reason</c>.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; init; } = new Dictionary<string, long>();

    /// <summary>Wall seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>Writes <c>&lt;tablePath without extension&gt;.json</c> atomically.</summary>
    public void WriteBeside(string tablePath) => throw new NotImplementedException();

    /// <summary>Reads it back; null where absent.</summary>
    public static Provenance? ReadBeside(string tablePath) => throw new NotImplementedException();

    /// <summary>SHA-256 of a file as lower-case hex, streamed.</summary>
    public static string HashFile(string path, CancellationToken cancel = default) => throw new NotImplementedException();
}
