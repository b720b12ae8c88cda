// Summaries as JSON: snake_case, null for what has no value.

using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataFreeKD.Cli.Output;

/// <summary>Writes a summary as one JSON object on one line.</summary>
internal static class SummaryJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new FiniteOrNull(), new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>The text of <paramref name="summary"/>.</summary>
    public static string Write(object summary) => JsonSerializer.Serialize(summary, summary.GetType(), Options);

    // JSON has no NaN: a figure that does not exist is null.
    private sealed class FiniteOrNull : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }
}
