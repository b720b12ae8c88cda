// What a run remembers of its stages, in one file that is always whole.

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>One stage as it was last begun.</summary>
internal sealed record StageRecord
{
    /// <summary>Version of the tool.</summary>
    public required string Version { get; init; }

    /// <summary>Its verb.</summary>
    public required string Verb { get; init; }

    /// <summary>Options, by key.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>Fingerprints of its inputs, by key.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }

    /// <summary>Fingerprints of its outputs, by path in the run's folder; empty until it is finished.</summary>
    public IReadOnlyDictionary<string, string> Outputs { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether it came to its end.</summary>
    public bool Finished { get; init; }

    /// <summary>Whether a finished output of other options was there when it was begun.</summary>
    public bool Replaces { get; init; }

    /// <summary>Wall seconds of the process that finished it.</summary>
    public double Seconds { get; init; }

    /// <summary>The verb's summary.</summary>
    public JsonNode? Summary { get; init; }

    /// <summary>What the verb had to say at its end.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];
}

/// <summary>The records of all stages.</summary>
internal sealed class RunState
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly string path;
    private readonly SortedDictionary<string, StageRecord> stages;

    private RunState(string path, SortedDictionary<string, StageRecord> stages) => (this.path, this.stages) = (path, stages);

    /// <summary>Reads what is known of a folder; nothing where no run was in it.</summary>
    /// <exception cref="UsageException">The file cannot be understood.</exception>
    public static RunState Open(string folder)
    {
        string path = Path.Combine(folder, "run.state.json");
        if (!File.Exists(path))
            return new RunState(path, new(StringComparer.Ordinal));
        try
        {
            return new RunState(
                path,
                new(
                    JsonSerializer.Deserialize<Dictionary<string, StageRecord>>(File.ReadAllBytes(path), Json) ?? [],
                    StringComparer.Ordinal
                )
            );
        }
        catch (JsonException problem)
        {
            throw new UsageException(
                $"{path} is not what a run wrote: {problem.Message.ReplaceLineEndings(" ")} Remove it and give --force to run every stage again"
            );
        }
    }

    /// <summary>What is known of a stage; null where it never began.</summary>
    public StageRecord? this[string stage] => stages.GetValueOrDefault(stage);

    /// <summary>Remembers, on the disk, before it returns.</summary>
    public void Set(string stage, StageRecord record)
    {
        stages[stage] = record;
        AtomicFile.WriteAllText(path, JsonSerializer.Serialize(stages, Json) + "\n");
    }
}
