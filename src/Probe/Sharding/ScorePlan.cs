// plan.json: what every process that scores a shard has to know, found out once.

using System.Security.Cryptography;
using System.Text.Json;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Models;

namespace DataFreeKD.Probe.Sharding;

/// <summary>A stretch of the inputs.</summary>
/// <param name="First">Its first place, from 0.</param>
/// <param name="Places">Inputs.</param>
/// <param name="Sha256">Of the inputs' paths, columns and ETags (<see cref="ShardInputs.Digest"/>).</param>
internal sealed record PlannedShard(long First, long Places, string Sha256);

/// <summary>A source of inputs.</summary>
/// <param name="Path">As it was given.</param>
/// <param name="Places">Inputs.</param>
internal sealed record PlannedSource(string Path, long Places);

/// <summary>A shard's rows are a pure function of this, the teacher and the images.</summary>
internal sealed record ScorePlan
{
    /// <summary>The file's name.</summary>
    public const string Name = PartPlan.Name;

    private const int ThisForm = 1;

    /// <summary>The form of this file.</summary>
    public int Form { get; init; } = ThisForm;

    /// <summary>Version of the tool.</summary>
    public required string Version { get; init; }

    /// <summary>Of everything but the images that rows depend on (<see cref="ScoreJournal.FingerprintOf"/>).</summary>
    public required string Fingerprint { get; init; }

    /// <summary>SHA-256 of the teacher's files.</summary>
    public required IReadOnlyList<string> Teacher { get; init; }

    /// <summary>The numeric profile: <c>native</c>, <c>avx2</c> or <c>avx512</c>.</summary>
    public required string Numerics { get; init; }

    /// <summary>Options that are set, by name.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>SHA-256 of the inputs that are files, and of the teacher's, by path.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }

    /// <summary>Where the inputs come from.</summary>
    public required IReadOnlyList<PlannedSource> Sources { get; init; }

    /// <summary>Inputs of every archive, by its path.</summary>
    public required IReadOnlyDictionary<string, long> Archives { get; init; }

    /// <summary>SHA-256 of what was learned from the whole pool, by the file's name.</summary>
    public required IReadOnlyDictionary<string, string> Prelude { get; init; }

    /// <summary>Whether an earlier table was there, and was to be replaced.</summary>
    public required bool Replaces { get; init; }

    /// <summary>Columns of the table.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>Images a forward pass.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Whether embeddings are kept.</summary>
    public required bool Embeddings { get; init; }

    /// <summary>Inputs a shard.</summary>
    public required int ShardSize { get; init; }

    /// <summary>Inputs in all.</summary>
    public required long Places { get; init; }

    /// <summary>The shards, in order.</summary>
    public required IReadOnlyList<PlannedShard> Shards { get; init; }

    /// <summary>Where the plan lies of the parts in a folder.</summary>
    public static string PathIn(string folder) => System.IO.Path.Combine(folder, Name);

    /// <summary>Reads the plan of a folder; null where there is none.</summary>
    /// <exception cref="ScoreException">It cannot be read.</exception>
    public static ScorePlan? Read(string folder)
    {
        try
        {
            return Of(File.ReadAllBytes(PathIn(folder)), folder);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads the plan of a place; null where there is none.</summary>
    /// <exception cref="ScoreException">It cannot be read.</exception>
    public static (ScorePlan Plan, string Sha256)? Read(IPlanPlace place) =>
        place.ReadPlan() is { } bytes ? (Of(bytes, place.Name), Convert.ToHexStringLower(SHA256.HashData(bytes))) : null;

    /// <summary>What its parts must be.</summary>
    /// <param name="output">The table.</param>
    /// <param name="sha256">SHA-256 of its file.</param>
    public PartPlan Parts(string output, string sha256) =>
        new()
        {
            Sha256 = sha256,
            Output = output,
            Version = Version,
            Numerics = Numerics,
            Fingerprint = Fingerprint,
            Rows = [.. Shards.Select(shard => shard.Places)],
            Refusal = message => new ScoreException(message),
        };

    private static ScorePlan Of(byte[] bytes, string folder)
    {
        string path = PathIn(folder);
        try
        {
            ScorePlan plan = ShardJson.ParseStrictly<ScorePlan>(bytes);
            if (plan.Form == ThisForm && !plan.IsWhole())
                throw new JsonException("values are missing.");
            return plan.Form == ThisForm
                ? plan
                : throw new ScoreException(
                    $"{path} is of another form ({plan.Form}) than this version's; finish it with version {plan.Version}, or begin anew with --plan --overwrite"
                );
        }
        catch (JsonException broken)
        {
            throw new ScoreException($"{path} cannot be read as a plan: {broken.Message} Begin anew with --plan --overwrite");
        }
    }

    /// <summary>Refuses to work by this plan with another version, teacher, numeric profile or other options.</summary>
    /// <param name="options">This process's options.</param>
    /// <param name="teacher">SHA-256 of its teacher's files.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="folder">Where the plan lies.</param>
    /// <exception cref="ScoreException">Says which.</exception>
    /// <param name="columns">Its columns.</param>
    /// <param name="batchSize">Its images a forward pass.</param>
    public void Require(
        ScoreOptions options,
        IReadOnlyList<string> teacher,
        string fingerprint,
        string folder,
        IReadOnlyList<string> columns,
        int batchSize
    )
    {
        string path = PathIn(folder);
        if (Version != Manifests.Provenance.ToolVersion)
            throw new ScoreException(
                $"{path} was made by version {Version} and this is {Manifests.Provenance.ToolVersion}; run the version of the plan everywhere, or begin anew with --plan --overwrite"
            );
        if (Numerics != options.Numerics.Name())
            throw new ScoreException(
                $"{path} is for --numerics {Numerics} and this process is for {options.Numerics.Name()}; give --numerics {Numerics}, or begin anew with --plan --overwrite"
            );
        if (!Teacher.SequenceEqual(teacher))
            throw new ScoreException(
                $"{path} is for another teacher than {options.Teacher} (its files' sha256 differ); give the plan's, or begin anew with --plan --overwrite"
            );
        if (Fingerprint != fingerprint)
            throw new ScoreException(
                $"{path} is for other inputs or other options{Differing(options)}; give those of the plan, or begin anew with --plan --overwrite"
            );
        // The fingerprint stands for these: where they differ, somebody else wrote them.
        string? altered =
            !Columns.SequenceEqual(columns) ? "its columns are not the run's"
            : BatchSize != batchSize ? $"its batches are of {BatchSize} images and the run's of {batchSize}"
            : options.EmbeddingsPath is not null && !Embeddings ? "it keeps no embeddings"
            : WrongShards();
        if (altered is not null)
            throw new ScoreException($"{path} was altered: {altered}; begin anew with --plan --overwrite");
    }

    // JSON may have null in any place.
    private bool IsWhole() =>
        new object?[] { Version, Fingerprint, Teacher, Numerics, Options, Inputs, Sources, Archives, Prelude, Columns, Shards }.All(value =>
            value is not null
        )
        && Teacher.Concat(Columns).Concat(Options.Values).Concat(Inputs.Values).Concat(Prelude.Values).All(text => text is not null)
        && Sources.All(source => source is { Path: not null })
        && Shards.All(shard => shard is { Sha256: not null });

    private string? WrongShards()
    {
        if (ShardSize < 1)
            return $"shards of {ShardSize}";
        long next = 0;
        foreach (PlannedShard shard in Shards)
        {
            if (shard.First != next || shard.Places < 1 || shard.Places > ShardSize)
                return $"a shard of {shard.Places} places from {shard.First}, where one of at most {ShardSize} from {next} is expected";
            next += shard.Places;
        }
        if (next != Places)
            return $"its shards have {next} places and it says {Places}";
        foreach (PlannedSource source in Sources)
        {
            if (source.Places < 0 || source.Places > next)
                return $"{source.Path} has {source.Places} places of {Places}";
            next -= source.Places;
        }
        return next == 0 ? null : $"its sources have {Places - next} places and its shards {Places}";
    }

    private string Differing(ScoreOptions options)
    {
        IReadOnlyDictionary<string, string> now = ScoreJournal.Recorded(options);
        string[] names =
        [
            .. Options
                .Keys.Union(now.Keys)
                .Where(name => Options.GetValueOrDefault(name) != now.GetValueOrDefault(name))
                .Order(StringComparer.Ordinal),
        ];
        return names.Length == 0 ? "" : $" ({string.Join(", ", names)})";
    }
}
