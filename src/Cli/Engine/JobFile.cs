// job.json: the options of a run as workers on other machines take them up, a record beside the plan, and no command line.

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Cli.Engine;

/// <summary>Writes and reads it.</summary>
/// <param name="what">What the options are of, for messages: <c>run</c>.</param>
/// <param name="modify">What differs in how a type is written.</param>
/// <param name="converters">How types are written that have a form of their own.</param>
internal sealed class JobFile(string what, Action<JsonTypeInfo>? modify = null, params JsonConverter[] converters)
{
    private readonly JsonSerializerOptions json = Json(modify, converters);

    /// <summary>Puts a job beside its plan.</summary>
    public void Write<T>(string folder, T job) => AtomicFile.WriteAllBytes(PathIn(folder), Bytes(job));

    /// <summary>A job as it lies beside its plan.</summary>
    public byte[] Bytes<T>(T job) => [.. JsonSerializer.SerializeToUtf8Bytes(job, json), (byte)'\n'];

    /// <summary>Reads it from beside the plan.</summary>
    /// <param name="folder">The folder of the plan.</param>
    /// <param name="isWhole">Whether nothing is missing: JSON may have null in any place.</param>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public T Read<T>(string folder, Func<T, bool> isWhole)
        where T : class
    {
        try
        {
            return Of(folder, File.ReadAllBytes(PathIn(folder)), isWhole);
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Gone(PathIn(folder));
        }
    }

    /// <summary>Reads it from beside the plan.</summary>
    /// <param name="place">Where the plan lies.</param>
    /// <param name="isWhole">Whether nothing is missing: JSON may have null in any place.</param>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public T Read<T>(IPlanPlace place, Func<T, bool> isWhole)
        where T : class => Of(place.Name, place.ReadJob() ?? throw Gone(PathIn(place.Name)), isWhole);

    /// <summary>Writes and reads options without those of some types.</summary>
    public static Action<JsonTypeInfo> Without(params Type[] leftOut) =>
        type =>
        {
            for (int at = type.Properties.Count - 1; at >= 0; at--)
            {
                if (leftOut.Contains(type.Properties[at].PropertyType))
                    type.Properties.RemoveAt(at);
            }
        };

    private T Of<T>(string folder, byte[] bytes, Func<T, bool> isWhole)
        where T : class
    {
        string path = PathIn(folder);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, json) is { } job && isWhole(job) ? job : throw new JsonException("no job");
        }
        catch (Exception broken) when (broken is JsonException or NotSupportedException)
        {
            throw new UsageException($"{path} cannot be read as the options of a {what}: {broken.Message}");
        }
    }

    private UsageException Gone(string path) => new($"{path} is not there: the {what} was finished, or this machine does not see it");

    private static string PathIn(string folder) => Path.Combine(folder, ShardJson.JobName);

    private static JsonSerializerOptions Json(Action<JsonTypeInfo>? modify, JsonConverter[] converters)
    {
        JsonSerializerOptions json = new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { modify ?? (_ => { }) } },
        };
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        foreach (JsonConverter converter in converters)
            json.Converters.Add(converter);
        return json;
    }
}
