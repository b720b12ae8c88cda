// The options of a crawl as workers on other machines take them up: a record beside the plan, and no command line.

using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataFreeKD.Crawler;
using DataFreeKD.Crawler.Sources;

namespace DataFreeKD.Cli.Engine;

/// <summary>A crawl.</summary>
/// <param name="Crawl">Its options, with full paths.</param>
internal sealed record CrawlJob(CrawlOptions Crawl)
{
    private static readonly JobFile Beside = new("crawl", null, new NetworkText(), new SetText());

    /// <summary>The job of a crawl: with full paths, as workers begin in other folders, and with the lists of folders and globs.</summary>
    public static CrawlJob Of(CrawlOptions options) =>
        new(
            options with
            {
                Sources = [.. SourcePlan.Of(options).Web.Select(source => File.Exists(source) ? Path.GetFullPath(source) : source)],
                Store = Path.GetFullPath(options.Store),
                Web = options.Web with { CaFile = options.Web.CaFile is { } authorities ? Path.GetFullPath(authorities) : null },
            }
        );

    /// <summary>Puts it beside the plan.</summary>
    public void Write(string folder) => Beside.Write(folder, this);

    /// <summary>Reads it from beside the plan.</summary>
    /// <exception cref="UsageException">It is not there, or no such record.</exception>
    public static CrawlJob Read(string folder) => Beside.Read<CrawlJob>(folder, job => job.Crawl is not null);

    private sealed class NetworkText : JsonConverter<IPNetwork>
    {
        public override IPNetwork Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPNetwork.TryParse(reader.GetString() ?? "", out IPNetwork network) ? network : throw new JsonException("no network");

        public override void Write(Utf8JsonWriter writer, IPNetwork value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }

    private sealed class SetText : JsonConverter<IReadOnlySet<string>>
    {
        public override IReadOnlySet<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<HashSet<string>>(ref reader, options) ?? throw new JsonException("no list");

        public override void Write(Utf8JsonWriter writer, IReadOnlySet<string> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.Order(StringComparer.Ordinal).ToArray(), options);
    }
}
