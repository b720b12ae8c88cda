// How targets and rows stand in the crawl's own files.

using System.Text.Json.Serialization;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Steering;

namespace DataFreeKD.Crawler.Journal;

/// <summary>Serialisers made at compile time: a crawl writes millions of lines.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(JournalRow))]
[JsonSerializable(typeof(WebTarget))]
[JsonSerializable(typeof(List<WebTarget>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(SteeringRound))]
[JsonSerializable(typeof(string))]
internal sealed partial class CrawlJson : JsonSerializerContext;
