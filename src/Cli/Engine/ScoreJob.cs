// The options of a scoring run as workers on other machines take them up: a record beside the plan, and no command line.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Selector.Scores;
using DataFreeKD.Storage;
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
    // A cascade holds functions.
    // Where parts lie is the message's, and whom a worker asks there its own.
    private static readonly JobFile File = new("run", JobFile.Without(typeof(CascadeOptions), typeof(PartsBucket)));

    /// <summary>The job of a run whose paths are full.</summary>
    public static ScoreJob Of(ScoreOptions options) =>
        new(options with { Cascade = null }, options.Cascade is { } cascade ? new ScoreJobCascade(cascade.Budget, cascade.Keep) : null);

    /// <summary>The options with full paths: workers begin in other folders.</summary>
    public static ScoreOptions Full(ScoreOptions options) =>
        options with
        {
            Sources = [.. options.Sources.Select(ManifestPath.Full)],
            Teacher = Path.GetFullPath(options.Teacher),
            Output = Path.GetFullPath(options.Output),
            EmbeddingsPath = Full(options.EmbeddingsPath),
            CopyModelPath = Full(options.CopyModelPath),
            CascadeModelPath = Full(options.CascadeModelPath),
        };

    /// <summary>Puts it beside the plan.</summary>
    public void Write(string folder) => File.Write(folder, this);

    /// <summary>Puts it beside the plan.</summary>
    public void Write(IPlanPlace place) => place.WriteJob(File.Bytes(this));

    /// <summary>Reads it from beside the plan.</summary>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public static ScoreJob Read(IPlanPlace place) => File.Read<ScoreJob>(place, job => job.Score is not null);

    /// <summary>Reads it from beside the plan.</summary>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public static ScoreJob Read(string folder) => File.Read<ScoreJob>(folder, job => job.Score is not null);

    /// <summary>The run's options.</summary>
    /// <param name="threads">CPU threads of this machine.</param>
    public ScoreOptions Options(int threads) => Score with { Cascade = Cascade?.Options(), Workers = threads };

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);
}
