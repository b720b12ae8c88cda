// JSON lists: an array, or a line each, of objects or plain addresses.

using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace DataFreeKD.Crawler.Sources;

internal static class JsonList
{
    private static readonly JsonSerializerOptions Lenient = new() { AllowTrailingCommas = true, ReadCommentHandling = JsonCommentHandling.Skip };
    private static readonly JsonDocumentOptions LenientLine = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>Streams a file of one array; or of lines, for many a .json holds those.</summary>
    /// <exception cref="CrawlException">An array that breaks off or holds what is not JSON: what follows cannot be told.</exception>
    public static IEnumerable<ListedUrl> ReadArray(Func<Stream> open, string source, UrlColumns columns, CancellationToken cancel) =>
        StartsAnArray(open) ? Array(open, source, columns, cancel) : ReadLines(open, columns, cancel);

    /// <summary>Streams a file of one JSON value a line.</summary>
    public static IEnumerable<ListedUrl> ReadLines(Func<Stream> open, UrlColumns columns, CancellationToken cancel)
    {
        using Stream stream = open();
        foreach (string line in ListLines.Read(stream, cancel))
        {
            if (!string.IsNullOrWhiteSpace(line)) yield return Line(line, columns);
        }
    }

    private static IEnumerable<ListedUrl> Array(Func<Stream> open, string source, UrlColumns columns, CancellationToken cancel)
    {
        using Stream stream = open();
        IAsyncEnumerator<JsonElement> elements = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(stream, Lenient, cancel).GetAsyncEnumerator(cancel);
        try
        {
            while (Next()) yield return Entry(elements.Current, columns);
        }
        finally
        {
            elements.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        bool Next()
        {
            try
            {
                return elements.MoveNextAsync().AsTask().GetAwaiter().GetResult();
            }
            catch (JsonException problem)
            {
                throw new CrawlException($"{source}: not a JSON array of objects or addresses: {problem.Message} Mend it, or write one object a line as .jsonl");
            }
        }
    }

    private static ListedUrl Line(string line, UrlColumns columns)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, LenientLine);
            return Entry(document.RootElement, columns);
        }
        catch (JsonException)
        {
            return ListedUrl.Malformed(line);
        }
    }

    private static ListedUrl Entry(JsonElement element, UrlColumns columns)
    {
        try
        {
            if (element.ValueKind == JsonValueKind.String) return ListedUrl.Of(element.GetString());
            if (element.ValueKind != JsonValueKind.Object) return ListedUrl.Malformed(Raw(element));
            string? url = null;
            var carried = new Dictionary<string, string?>(StringComparer.Ordinal);
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (columns.IsUrl(property.Name)) url ??= Text(property.Value);
                else if (columns.CarriedAs(property.Name) is { } name) carried.TryAdd(name, Text(property.Value));
            }
            return url is null ? ListedUrl.Malformed(Raw(element)) : ListedUrl.Of(url, carried);
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair, or bytes that are no UTF-8: JSON to the reader, but no text.
            return ListedUrl.Malformed(Raw(element));
        }
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        _ => Raw(value),
    };

    // Unlike GetRawText it does not throw where the bytes are no UTF-8.
    private static string Raw(JsonElement element) => Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(element));

    private static bool StartsAnArray(Func<Stream> open)
    {
        using Stream stream = open();
        using StreamReader reader = new(stream);
        int first;
        do first = reader.Read();
        while (first >= 0 && char.IsWhiteSpace((char)first));
        return first == '[';
    }
}
