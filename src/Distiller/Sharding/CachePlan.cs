// plan.json of a cache that several processes compute in shards: a shard is a range of steps.

using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Caching;

namespace DataFreeKD.Distiller.Sharding;

/// <summary>A shard's records are a pure function of this, the head beside it, the teacher and the images.</summary>
internal sealed record CachePlan
{
    private const string Anew = "or begin anew with --plan --overwrite";

    private const int ThisForm = 1;

    /// <summary>The form of this file.</summary>
    public int Form { get; init; } = ThisForm;

    /// <summary>Version of the tool.</summary>
    public required string Version { get; init; }

    /// <summary>The numeric profile: <c>native</c>, <c>avx2</c> or <c>avx512</c>.</summary>
    public required string Numerics { get; init; }

    /// <summary>Threads of libtorch: sums of other threads may differ in their last digits.</summary>
    public required int Threads { get; init; }

    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    public required string Device { get; init; }

    /// <summary>SHA-256 of the head, which says what else records depend on.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>SHA-256 of selection and teacher, by path.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }

    /// <summary>Images that could not be used, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Skipped { get; init; }

    /// <summary>Whether an earlier cache was there, and was to be replaced.</summary>
    public required bool Replaces { get; init; }

    /// <summary>Images a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Bytes of a record.</summary>
    public required int RecordBytes { get; init; }

    /// <summary>Steps in all.</summary>
    public required int Steps { get; init; }

    /// <summary>Steps a shard; the last may have fewer.</summary>
    public required int ShardSteps { get; init; }

    /// <summary>Shards.</summary>
    public int Shards => (int)(((long)Steps + ShardSteps - 1) / ShardSteps);

    /// <summary>Where the plan lies in a folder.</summary>
    public static string PathIn(string folder) => Path.Combine(folder, PartPlan.Name);

    /// <summary>The steps of a shard: the first, and the one behind the last.</summary>
    public (int From, int To) StepsOf(int shard) => (shard * ShardSteps, (int)Math.Min(((long)shard + 1) * ShardSteps, Steps));

    /// <summary>Reads the plan of a folder; null where there is none.</summary>
    /// <exception cref="DistillException">It cannot be read.</exception>
    public static CachePlan? Read(string folder)
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
    /// <exception cref="DistillException">It cannot be read.</exception>
    public static (CachePlan Plan, string Sha256)? Read(IPlanPlace place) =>
        place.ReadPlan() is { } bytes ? (Of(bytes, place.Name), Convert.ToHexStringLower(SHA256.HashData(bytes))) : null;

    /// <summary>What its parts must be.</summary>
    /// <param name="output">The cache.</param>
    /// <param name="sha256">SHA-256 of its file.</param>
    public PartPlan Parts(string output, string sha256) =>
        new()
        {
            Sha256 = sha256,
            Output = output,
            Version = Version,
            Numerics = Numerics,
            Fingerprint = Fingerprint,
            Rows = [.. Enumerable.Range(0, Shards).Select(StepsOf).Select(steps => (long)(steps.To - steps.From) * BatchSize)],
            Refusal = message => new DistillException(message),
        };

    /// <summary>What lies beside it, by name.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Learned => new Dictionary<string, string> { [CacheFolder.HeadName] = Fingerprint };

    private static CachePlan Of(byte[] bytes, string folder)
    {
        string path = PathIn(folder);
        try
        {
            CachePlan plan = ShardJson.ParseStrictly<CachePlan>(bytes);
            if (plan.Form == ThisForm && !plan.IsWhole())
                throw new JsonException("values are missing.");
            return plan.Form == ThisForm
                ? plan
                : throw new DistillException(
                    $"{path} is of another form ({plan.Form}) than this version's; finish it with version {plan.Version}, {Anew}"
                );
        }
        catch (JsonException broken)
        {
            throw new DistillException(
                $"{path} cannot be read as the plan of a cache: {broken.Message} Begin anew with --plan --overwrite"
            );
        }
    }

    /// <summary>Reads header and decisions from beside the plan.</summary>
    /// <exception cref="DistillException">They are gone or altered.</exception>
    /// <param name="files">The folder where the head is.</param>
    /// <param name="folder">Where the plan lies, for messages.</param>
    public (byte[] Bytes, CacheHeader Header, int[] Decisions) Head(string files, string folder)
    {
        string path = CacheFolder.HeadIn(files);
        if (!File.Exists(path) || FileHash.Of(path, CancellationToken.None) != Fingerprint)
            throw new DistillException(
                $"{CacheFolder.HeadIn(folder)} is gone or altered, and the plan's shards depend on it; put it back, {Anew}"
            );
        byte[] bytes = File.ReadAllBytes(path);
        using MemoryStream stream = new(bytes);
        (CacheHeader header, int[] decisions) = CacheHeader.Read(stream, path);
        string? altered =
            header.Records != (long)Steps * BatchSize ? $"it has {Steps} steps of {BatchSize}, and the header {header.Records} records"
            : RecordBytes != new CacheRecord(header.Classes, header.TopK).Bytes ? $"records of {RecordBytes} bytes are not the header's"
            : null;
        return altered is null
            ? (bytes, header, decisions)
            : throw new DistillException($"{PathIn(folder)} was altered: {altered}; begin anew with --plan --overwrite");
    }

    /// <summary>Refuses to work by this plan where this process would compute other records: what can be told before images are
    /// read.</summary>
    /// <param name="options">This process's options.</param>
    /// <param name="threads">Its threads of libtorch.</param>
    /// <param name="version">Its version.</param>
    /// <param name="profile">Its numeric profile.</param>
    /// <param name="folder">Where the plan lies.</param>
    /// <exception cref="DistillException">Says what differs.</exception>
    public void Require(CacheOptions options, int threads, string version, string profile, string folder)
    {
        string? other =
            Version != version ? $"was made by version {Version} and this is {version}; run the version of the plan everywhere"
            : Numerics != profile ? $"is for --numerics {Numerics} and this process is for {profile}; give --numerics {Numerics}"
            : Threads != threads ? $"is for --threads {Threads} and this process has {threads}; give --threads {Threads}"
            : Device != DeviceOf(options) ? $"is for --device {Device} and this process is for {DeviceOf(options)}; give --device {Device}"
            : BatchSize != options.BatchSize
                ? $"is for --batch-size {BatchSize} and this process has {options.BatchSize}; give --batch-size {BatchSize}"
            : options.Steps is { } steps && steps != Steps ? $"has {Steps} steps and this process {steps}; give --steps {Steps}"
            : null;
        if (other is not null)
            throw new DistillException($"{PathIn(folder)} {other}, {Anew}");
    }

    /// <summary>The kind of a device.</summary>
    public static string DeviceOf(CacheOptions options) => options.Device.Split(':')[0];

    // JSON may have null in any place.
    private bool IsWhole() =>
        new object?[] { Version, Numerics, Device, Fingerprint, Inputs, Skipped }.All(value => value is not null)
        && Inputs.Values.All(hash => hash is not null)
        && BatchSize > 0
        && Steps > 0
        && ShardSteps > 0
        && RecordBytes > 0;
}
