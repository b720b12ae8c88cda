// The options of a scoring run as workers on other machines take them up: a record beside the plan, and no command line.

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Selector.Scores;
using DataFreeKD.Toolkit;

namespace DataFreeKD.Cli.Engine;

/// <summary>What a cascade is given on the command line; the rest of it is the tool's.</summary>
/// <param name="Budget">Images that will be selected.</param>
/// <param name="Keep">Share to score fully; null for its own choice.</param>
internal sealed record ScoreJobCascade(long Budget, double? Keep)
{
    /// <summary>The cascade.</summary>
    public CascadeOptions Options() =>
        new()
        {
            Budget = Budget,
            Keep = Keep,
            Ranking = CascadeBySelection.Of(ScoreCatalogue.Default),
            Pruning = CascadeByPruning.Of(),
        };
}

/// <summary>A scoring run.</summary>
/// <param name="Score">Its options, with full paths and without a cascade.</param>
/// <param name="Cascade">The cascade; null for none.</param>
internal sealed record ScoreJob(ScoreOptions Score, ScoreJobCascade? Cascade)
{
    /// <summary>The file's name in the folder of the plan.</summary>
    public const string Name = "job.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        // A cascade holds functions.
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutCascade } },
    };

    /// <summary>The job of a run whose paths are full.</summary>
    public static ScoreJob Of(ScoreOptions options) =>
        new(options with { Cascade = null }, options.Cascade is { } cascade ? new ScoreJobCascade(cascade.Budget, cascade.Keep) : null);

    /// <summary>The options with full paths: workers begin in other folders.</summary>
    public static ScoreOptions Full(ScoreOptions options) =>
        options with
        {
            Sources = [.. options.Sources.Select(Path.GetFullPath)],
            Teacher = Path.GetFullPath(options.Teacher),
            Output = Path.GetFullPath(options.Output),
            EmbeddingsPath = Full(options.EmbeddingsPath),
            CopyModelPath = Full(options.CopyModelPath),
            CascadeModelPath = Full(options.CascadeModelPath),
        };

    /// <summary>Puts it beside the plan.</summary>
    public void Write(string folder) => AtomicFile.WriteAllText(Path.Combine(folder, Name), JsonSerializer.Serialize(this, Json) + "\n");

    /// <summary>Reads it from beside the plan.</summary>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public static ScoreJob Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        try
        {
            return JsonSerializer.Deserialize<ScoreJob>(File.ReadAllBytes(path), Json) is { Score: not null } job
                ? job
                : throw new JsonException("no job");
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"{path} is not there: the run was finished, or this machine does not see it");
        }
        catch (JsonException broken)
        {
            throw new UsageException($"{path} cannot be read as the options of a run: {broken.Message}");
        }
    }

    /// <summary>The run's options.</summary>
    /// <param name="threads">CPU threads of this machine.</param>
    public ScoreOptions Options(int threads) => Score with { Cascade = Cascade?.Options(), Workers = threads };

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);

    private static void LeaveOutCascade(JsonTypeInfo type)
    {
        if (type.Type != typeof(ScoreOptions))
            return;
        for (int at = type.Properties.Count - 1; at >= 0; at--)
        {
            if (type.Properties[at].PropertyType == typeof(CascadeOptions))
                type.Properties.RemoveAt(at);
        }
    }
}
