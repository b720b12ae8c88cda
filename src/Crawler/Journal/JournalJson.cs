// How rows and the plan stand in the crawl's own files.

using System.Text.Json.Serialization;

namespace DataFreeKD.Crawler.Journal;

/// <summary>Serialisers made at compile time: a crawl writes millions of lines.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(JournalRow))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class JournalJson : JsonSerializerContext;
