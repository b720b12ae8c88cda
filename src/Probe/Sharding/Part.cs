// What stands beside a finished shard's rows, and what an attempt at one leaves.

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataFreeKD.Probe.Sharding;

/// <summary>A finished shard.</summary>
internal sealed record Part
{
    /// <summary>Its number.</summary>
    public required int Shard { get; init; }

    /// <summary>Rows.</summary>
    public required long Rows { get; init; }

    /// <summary>SHA-256 of the rows' file.</summary>
    public required string Sha256 { get; init; }

    /// <summary>SHA-256 of the embeddings' file; null where none are kept.</summary>
    public string? EmbeddingsSha256 { get; init; }

    /// <summary>Rows by status, or by <c>status/reason</c>.</summary>
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

/// <summary>The first file of an attempt.</summary>
/// <param name="Host">The machine.</param>
/// <param name="Process">Its number there.</param>
/// <param name="Version">Version of the tool.</param>
/// <param name="Since">When it began.</param>
internal sealed record Started(string Host, int Process, string Version, DateTime Since);

/// <summary>How an attempt failed.</summary>
/// <param name="Message">What was thrown.</param>
/// <param name="Lasting">Whether another attempt must fail too.</param>
/// <param name="Conflict">Whether another attempt had come to other bytes.</param>
internal sealed record Failure(string Message, bool Lasting, bool Conflict = false);

/// <summary>How the files of parts and attempts are written.</summary>
internal static class PartJson
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write<T>(string path, T value) => AtomicFile.WriteAllText(path, JsonSerializer.Serialize(value, Json) + "\n");

    /// <summary>Reads one; null where it is not there, or no such thing.</summary>
    public static T? Read<T>(string path)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Json);
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public static byte[] Bytes<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Json);
}
