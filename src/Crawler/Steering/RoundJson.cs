// How rounds stand in the crawl's own files.

using System.Text.Json.Serialization;

namespace DataFreeKD.Crawler.Steering;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(SteeringRound))]
internal sealed partial class RoundJson : JsonSerializerContext;
