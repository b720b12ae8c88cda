// What made a table: written beside it as <name>.json, so that a run can be explained and repeated.

using System.Reflection;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DataFreeKD.Manifests;

/// <summary>Provenance of one output.</summary>
public sealed record Provenance
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The version of this toolkit, for <see cref="Version"/>.</summary>
    public static string ToolVersion { get; } = typeof(Provenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

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
    public void WriteBeside(string tablePath) => AtomicFile.WriteAllText(PathBeside(tablePath), JsonSerializer.Serialize(this, Json) + "\n");

    /// <summary>Reads it back; null where absent.</summary>
    /// <exception cref="TableException">The file is there but is not a provenance.</exception>
    public static Provenance? ReadBeside(string tablePath)
    {
        string path = PathBeside(tablePath);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<Provenance>(File.ReadAllBytes(path), Json);
        }
        catch (JsonException problem)
        {
            throw new TableException($"{path} is not the provenance of {Path.GetFileName(tablePath)}: {problem.Message} Move it away or run the stage again", problem);
        }
    }

    /// <summary>Refuses a table beside whose name stands a file of the provenance's name that is no provenance: it would be written over.</summary>
    /// <exception cref="TableException">There is such a file.</exception>
    public static void RefuseForeign(string tablePath)
    {
        string path = PathBeside(tablePath);
        if (Directory.Exists(path)) throw new TableException($"{path} is a folder where the provenance of {Path.GetFileName(tablePath)} is written; move it away, or name another output");
        try
        {
            if (!File.Exists(path) || ReadBeside(tablePath) is not null) return;
        }
        catch (TableException)
        {
            // Told below: what is to be done differs from a provenance that is to be read.
        }
        throw new TableException($"{path} is not this tool's, and the provenance of {Path.GetFileName(tablePath)} would replace it; move it away, or name another output");
    }

    /// <summary>SHA-256 of a file as lower-case hex, streamed.</summary>
    public static string HashFile(string path, CancellationToken cancel = default)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[1 << 20];
        for (int read; (read = stream.Read(block)) > 0;)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(block, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string PathBeside(string tablePath) => Path.ChangeExtension(tablePath, ".json");
}
