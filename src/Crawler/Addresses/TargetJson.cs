// How targets stand in the crawl's own files.

using System.Text.Json.Serialization;

namespace DataFreeKD.Crawler.Addresses;

/// <summary>Serialisers made at compile time: a crawl writes millions of lines.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(WebTarget))]
[JsonSerializable(typeof(List<WebTarget>))]
internal sealed partial class TargetJson : JsonSerializerContext;
