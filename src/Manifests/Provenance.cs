// What made a table: written beside it as <name>.json, so that a run can be explained and repeated.

using System.Security.Cryptography;
using System.Text.Json;

namespace DataFreeKD.Manifests;

/// <summary>Provenance of one output.</summary>
public sealed record Provenance
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

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
    public void WriteBeside(string tablePath) => AtomicFile.WriteAllText(Beside(tablePath), JsonSerializer.Serialize(this, Json) + "\n");

    /// <summary>Reads it back; null where absent.</summary>
    public static Provenance? ReadBeside(string tablePath) => File.Exists(Beside(tablePath)) ? JsonSerializer.Deserialize<Provenance>(File.ReadAllText(Beside(tablePath)), Json) : null;

    /// <summary>SHA-256 of a file as lower-case hex, streamed.</summary>
    public static string HashFile(string path, CancellationToken cancel = default)
    {
        using FileStream file = File.OpenRead(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Beside(string tablePath) => Path.ChangeExtension(tablePath, ".json");
}
