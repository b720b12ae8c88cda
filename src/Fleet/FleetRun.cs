// What the engine is told of a run, and of a shard of it.

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataFreeKD.Fleet;

/// <summary>A plan that is to be computed.</summary>
internal sealed record FleetRun
{
    /// <summary>What computes its shards, such as <c>score</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>The folder of the plan and its parts, a full path, the same on all machines; or <c>s3://bucket/prefix</c>.</summary>
    public required string Folder { get; init; }

    /// <summary>SHA-256 of the plan.</summary>
    public required string Plan { get; init; }

    /// <summary>Version of the tool that made it, which alone may compute it.</summary>
    public required string Version { get; init; }

    /// <summary>Its numeric profile; empty where none matters.</summary>
    public required string Profile { get; init; }

    /// <summary>Shards.</summary>
    public required int Shards { get; init; }

    /// <summary>Rows of all shards.</summary>
    public required long Rows { get; init; }

    /// <summary>The run's name: the folder's, with what tells it from others of that name.</summary>
    [JsonIgnore]
    public string Name
    {
        get
        {
            const int most = 40;
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Folder));
            if (name.EndsWith(".parts", StringComparison.Ordinal))
                name = name[..^".parts".Length];
            string plain = new([.. name.Take(most).Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_')]);
            return $"{plain}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Folder)))[..8]}";
        }
    }
}

/// <summary>What a worker is asked for. It names files and numbers, and never a command.</summary>
internal sealed record ShardMessage
{
    internal const int ThisForm = 1;

    /// <summary>The form of this record.</summary>
    public int Form { get; init; } = ThisForm;

    /// <summary>What computes it.</summary>
    public required string Stage { get; init; }

    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>The folder of the plan.</summary>
    public required string Folder { get; init; }

    /// <summary>SHA-256 of the plan.</summary>
    public required string Plan { get; init; }

    /// <summary>The shard's number.</summary>
    public required int Shard { get; init; }

    /// <summary>Tells messages of one shard from each other.</summary>
    public required ulong Attempt { get; init; }

    /// <summary>Version of the tool.</summary>
    public required string Version { get; init; }

    /// <summary>The numeric profile; empty where none matters.</summary>
    public required string Profile { get; init; }

    /// <summary>Whether nothing is missing: JSON may have null in any place.</summary>
    [JsonIgnore]
    internal bool IsWhole =>
        Form == ThisForm
        && Shard >= 0
        && new object?[] { Stage, Run, Folder, Plan, Version, Profile }.All(value => value is not null)
        && (PoolRoot.IsInBucket(Folder) || Path.IsPathFullyQualified(Folder));
}

/// <summary>Records as the engine carries them.</summary>
internal static class EngineJson
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static byte[] Bytes<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Json);

    public static string Text<T>(T value) => JsonSerializer.Serialize(value, Json);

    /// <summary>Reads one; null where it is none.</summary>
    public static T? Read<T>(ReadOnlySpan<byte> bytes)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
