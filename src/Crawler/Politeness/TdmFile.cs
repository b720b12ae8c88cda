// A site's tdmrep.json: which of its paths are reserved from text and data mining (TDM Reservation Protocol, W3C community group, 2024).

using System.Text;
using System.Text.Json;

namespace DataFreeKD.Crawler.Politeness;

/// <summary>The rules of a file, in its order.</summary>
internal sealed class TdmFile
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private readonly List<(RobotsPattern Pattern, bool Reserved)> rules = [];

    private TdmFile() { }

    /// <summary>For a site that reserves nothing.</summary>
    public static TdmFile Open { get; } = new();

    /// <summary>Reads an array of rules (or one rule, where the brackets were forgotten); what is no rule is passed over. Never
    /// throws.</summary>
    public static TdmFile Parse(ReadOnlyMemory<byte> bytes)
    {
        TdmFile file = new();
        if (bytes.Span.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, Lenient);
            if (document.RootElement.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement rule in document.RootElement.EnumerateArray())
                    file.Add(rule);
            }
            else
            {
                file.Add(document.RootElement);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // No JSON, or text in it that is none.
        }
        return file;
    }

    /// <summary>Whether a path is reserved: the first rule that matches decides, and where none does nothing is.</summary>
    /// <param name="pathAndQuery">As in the URL, percent-encoded or not.</param>
    public bool Reserves(string pathAndQuery)
    {
        if (rules.Count == 0)
            return false;
        string path = RobotsPattern.CanonicalPath(pathAndQuery);
        return rules.Find(rule => rule.Pattern.Matches(path)).Reserved;
    }

    private void Add(JsonElement rule)
    {
        if (
            rule.ValueKind != JsonValueKind.Object
            || !rule.TryGetProperty("location", out JsonElement location)
            || !rule.TryGetProperty("tdm-reservation", out JsonElement reservation)
        )
            return;
        if (
            location.ValueKind != JsonValueKind.String
            || location.GetString() is not { Length: > 0 } pattern
            || Value(reservation) is not { } reserved
        )
            return;
        rules.Add((RobotsPattern.Parse(Encoding.UTF8.GetBytes(pattern)), reserved));
    }

    // The protocol has numbers; people write text and truth values too.
    private static bool? Value(JsonElement reservation) =>
        reservation.ValueKind switch
        {
            JsonValueKind.Number => reservation.TryGetInt32(out int number) && number == 1,
            JsonValueKind.String => reservation.GetString()!.Trim() == "1",
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        };
}
